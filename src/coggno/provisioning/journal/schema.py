"""The tables of a SQLite journal, and opening one safely."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from coggno.provisioning.errors import JournalError
from coggno.provisioning.safe_file import sync_directory

APPLICATION_ID: Final = 0x434F4747  # "COGG"; at byte 68 of the file
VERSION: Final = 1
_MAGIC: Final = b"SQLite format 3\x00"
_BUSY: Final = 10.0  # seconds to wait for a reader; only a checkpoint ever has to

# Ids of rows are job and line in one number: results arrive nearly in order, so a commit touches few pages.
_SCHEMA: Final = """
CREATE TABLE scope (address TEXT NOT NULL, company TEXT, account TEXT NOT NULL);
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY, roster TEXT NOT NULL, digest BLOB NOT NULL, row_count INTEGER NOT NULL,
  settings TEXT NOT NULL, begun REAL NOT NULL, finished REAL, is_planned INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE rows (
  id INTEGER PRIMARY KEY, digest BLOB, login TEXT NOT NULL, outcome TEXT NOT NULL, user_id INTEGER,
  detail TEXT NOT NULL, is_inferred INTEGER NOT NULL, is_not_attempted INTEGER NOT NULL
);
CREATE TABLE writes (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, company INTEGER, group_id INTEGER,
  name TEXT NOT NULL, line INTEGER NOT NULL, before TEXT, attempt INTEGER NOT NULL, sent_at REAL NOT NULL,
  outcome TEXT, result_id INTEGER
);
CREATE INDEX writes_by_key ON writes (key);
CREATE INDEX leavers ON rows (id, login) WHERE id & 549755813888;
CREATE TABLE plan_groups (company INTEGER, name TEXT NOT NULL, id INTEGER NOT NULL);
CREATE TABLE plan_users (line INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, missing TEXT NOT NULL);
"""

Connect: TypeAlias = Callable[[str], sqlite3.Connection]


def connect(uri: str) -> sqlite3.Connection:
    """Return a connection that one thread after another may use, in autocommit mode."""
    return sqlite3.connect(uri, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False)


def uri_of(path: Path, *, is_read_only: bool = False) -> str:
    """Return the URI of a journal; SQLite must never create one, since it would not be private."""
    return f"{path.absolute().as_uri()}?mode={'ro' if is_read_only else 'rw'}"


def open_to_write(path: Path, connect: Connect) -> sqlite3.Connection:
    """Open a journal, creating it if there is none.

    Args:
        path: of the journal.
        connect: opens a database.

    Raises:
        JournalError: it is another kind of file, is damaged, or cannot be opened.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        _create(path, connect)
    _check_kind(path)
    try:
        connection = connect(uri_of(path))
    except sqlite3.Error as error:
        raise unusable(path, error) from None
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal that a run may be writing to.

    Args:
        path: of the journal.

    Raises:
        JournalError: there is none, it is another kind of file, or it cannot be read.
    """
    if not path.exists():
        raise JournalError(f"There is no journal {path}.")
    _check_kind(path)
    try:
        connection = connect(uri_of(path, is_read_only=True))
    except sqlite3.Error as error:
        raise unusable(path, error) from None
    try:
        _check_version(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from None
    except JournalError:
        connection.close()
        raise
    return connection


def put_away(connection: sqlite3.Connection) -> None:
    """Close a journal so that it is one file: whoever only reads one in WAL mode leaves `-wal` and `-shm` beside it."""
    # A reader that has it open now keeps it in this mode; then it stays as a crash would leave it.
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Write all that the context writes, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def unusable(path: Path, error: Exception) -> JournalError:
    """Return the error for a journal that SQLite cannot use, with what to do about it."""
    text = str(error).rstrip(".")
    # `DatabaseError` itself, not one of its kinds, is what the module raises for "malformed" and "not a database".
    if type(error) is sqlite3.DatabaseError:
        hint = f"Save what is sound into a new one: coggno journal recover {path}"
        return JournalError(f"The journal {path} is damaged ({text}). {hint}")
    return JournalError(f"The journal {path} cannot be used: {text}.")


def _create(path: Path, connect: Connect) -> None:
    """Create an empty journal that only its owner may read, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        # What a crash has left: whoever creates a journal holds its lock.
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = connect(uri_of(part))
        try:
            # FULL: an intent must survive a power cut, or its request might be sent twice.
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        finally:
            connection.close()
        part.replace(path)
    except (OSError, ValueError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or error
        raise JournalError(f"The journal {path} cannot be created: {reason}.") from None
    with contextlib.suppress(OSError):  # some file systems cannot
        sync_directory(path.parent)


def _check_kind(path: Path) -> None:
    """Check the first bytes: SQLite itself would write to a database of another program."""
    if not path.is_file():
        raise JournalError(f"{path} is not a regular file. Give another name.")
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be read: {error.strerror or error}.") from None
    if head[:16] != _MAGIC or int.from_bytes(head[68:72]) != APPLICATION_ID:
        raise JournalError(
            f"{path} is not a journal, or its first bytes are damaged. It was not changed. Give another name, or "
            f"save what is sound of it: coggno journal recover {path}"
        )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    try:
        _check_version(connection, path)
        _check_content(connection, path)
        # Readers and the run do not wait for each other then, and a commit is one write.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        raise unusable(path, error) from None


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise JournalError(f"The journal {path} has version {version}, this program reads {VERSION}. Update coggno.")


def _check_content(connection: sqlite3.Connection, path: Path) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise unusable(path, sqlite3.DatabaseError(str(verdict).replace("\n", " ")))
