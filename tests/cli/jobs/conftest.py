"""A database for the jobs of a test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.helpers.postgres_server import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """One without tables, with a password that the server does not ask for."""
    name = f"jobs_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.url(journal="hires", database=name, password="analytical-engine")
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
