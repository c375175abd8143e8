"""Connections of psycopg, which is imported when the first one is made."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.postgres.url import DatabaseUrl

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection

Database: TypeAlias = "AsyncConnection[Any]"
ReadDatabase: TypeAlias = "Connection[Any]"

# A database whose machine is gone says nothing more: a run notices within half a minute, and not after two hours.
_DEFAULTS: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "coggno",
}
_IN_TRANSACTION: Final = "10s"
_SETTINGS: Final = (
    # An intent must survive a power cut, whatever the database does by default.
    (
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    ),
    # A machine that hangs in a transaction would keep the next run from taking over.
    f"SET idle_in_transaction_session_timeout = '{_IN_TRANSACTION}'",
    # A statement that has waited for a lock must see what its holder has committed: no higher level shows it.
    "SET default_transaction_isolation = 'read committed'",
)


class JournalLostError(JournalError):
    """This run cannot use its journal any more."""


async def connect(url: DatabaseUrl) -> Database:
    """Return a connection to write with.

    Raises:
        JournalError: psycopg is not installed, or the URL is invalid.
        psycopg.Error: the database cannot be reached.
    """
    parameters = _parameters(url)
    from coggno.provisioning.journal.postgres.interruptible import InterruptibleConnection

    connection = await InterruptibleConnection.connect("", autocommit=True, **parameters)
    try:
        for setting in _SETTINGS:
            await connection.execute(setting)
    except BaseException:
        await connection.close()
        raise
    return connection


def connect_to_read(url: DatabaseUrl, *, is_read_only: bool = True) -> ReadDatabase:
    """Return a connection for a program without an event loop.

    Args:
        url: of the database.
        is_read_only: whether it can change nothing.

    Raises:
        JournalError: psycopg is not installed, the URL is invalid, or the database cannot be reached.
    """
    parameters = _parameters(url)
    from psycopg import Connection, Error

    try:
        connection = Connection[Any].connect("", autocommit=True, **parameters)
    except Error as error:
        raise unusable(url, error) from None
    connection.read_only = is_read_only
    return connection


def is_outage(error: Exception) -> bool:
    """Return whether a failure is one that ends by itself: the database is restarted, moved or cannot be reached."""
    from psycopg import InterfaceError, OperationalError, errors

    return isinstance(error, OperationalError | InterfaceError | errors.ReadOnlySqlTransaction)


def is_of_database(error: Exception) -> bool:
    """Return whether an error is one of the database or its driver."""
    from psycopg import Error

    return isinstance(error, Error)


@contextmanager
def described(url: DatabaseUrl) -> Generator[None]:
    """Turn errors of the database into ones that name it.

    Raises:
        JournalError: it cannot be used.
    """
    from psycopg import Error

    try:
        yield
    except Error as error:
        raise unusable(url, error) from None


def unusable(url: DatabaseUrl, error: Exception) -> JournalError:
    """Return the error for a journal whose database cannot be used."""
    if isinstance(error, JournalError):
        return error
    return JournalError(f"The journal {url} cannot be used: {reason_of(url, error)}.")


def reason_of(url: DatabaseUrl, error: Exception) -> str:
    """Return the first line of what the database or its driver reports, without secrets."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return url.masked(lines[0]).rstrip(".")


def _parameters(url: DatabaseUrl) -> dict[str, Any]:
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        message = f"{url} is a PostgreSQL database. To use it, install the extra: pip install 'coggno[postgres]'"
        raise JournalError(message) from None
    try:
        given = conninfo_to_dict(url.for_driver)
    except ProgrammingError:
        # Its text quotes parts of the URL, which may be parts of the password.
        message = (
            f"{url} is not a valid URL of a PostgreSQL database. Write special characters of names and passwords "
            "with %, such as %40 for @, and check the parameters after the question mark."
        )
        raise JournalError(message) from None
    return {**_DEFAULTS, **given}
