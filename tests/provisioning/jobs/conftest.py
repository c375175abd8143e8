"""A sandbox on a socket, and a database for the jobs of a test."""

from uuid import uuid4

import pytest

from coggno.sandbox import Sandbox, ServerThread
from tests.provisioning.helpers import KEY


@pytest.fixture
def sandbox():
    return Sandbox(keys=[KEY])


@pytest.fixture
def address(sandbox):
    with ServerThread(sandbox) as url:
        yield url


@pytest.fixture
def database(postgres):
    """Name of a database without tables: workers of one test must not take the jobs of another."""
    name = f"jobs_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(postgres, database):
    return postgres.url(journal="hires", database=database)
