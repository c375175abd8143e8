"""Saves what is sound of a damaged SQLite journal into a new one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import schema
from coggno.provisioning.journal.locks import HolderLock

# Without the plan: a group that was created and whose record is lost would be created again. The next run lists anew.
_COPIED: Final = ("scope", "jobs", "rows", "writes")
_ROWID_LIMIT: Final = 1 << 62


@frozen(kw_only=True)
class Recovered:
    """What could be saved.

    Attributes:
        path: of the new journal.
        rows: how many results of rows.
        writes: how many writes that are not finished.
        is_complete: whether no damage was met while reading.
    """

    path: Path
    rows: int
    writes: int
    is_complete: bool


def recover(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Recovered:
    """Copy every record that can be read into a new journal; the damaged one stays as it is.

    Rows whose record is lost are compared with the server by the next run; a user that was `created` may then be
    `exists`.

    Args:
        source: the damaged journal.
        target: the new one, which must not exist.

    Raises:
        JournalError: nothing can be read, a run uses the journal, or the new one cannot be written.
    """
    old, new = Path(source), Path(target)
    if not old.is_file():
        raise JournalError(f"There is no journal {old}.")
    if new.exists():
        raise JournalError(f"{new} exists. Give the name of a file that does not.")
    lock = HolderLock(old)
    try:
        return _copy(old, new)
    finally:
        lock.release()


def _copy(old: Path, new: Path) -> Recovered:
    reader = _Reader(_connection(old))
    try:
        counts = _write(reader, new)
    except sqlite3.Error as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise schema.unusable(new, error) from None
    finally:
        reader.connection.close()
    if not counts["scope"] or not counts["jobs"]:
        new.unlink()
        raise JournalError(f"Nothing of {old} can be read. Begin again with a new journal: what exists is not changed.")
    return Recovered(path=new, rows=counts["rows"], writes=counts["writes"], is_complete=not reader.is_damaged)


def _write(reader: _Reader, new: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    target = schema.open_to_write(new, schema.connect)
    try:
        with schema.transaction(target):
            for table in _COPIED:
                before = target.total_changes
                for row in reader.rows(table):
                    marks = ", ".join("?" * len(row))
                    # A record whose page is damaged may lack values that every record has.
                    inserted = target.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608 - our own name
                    reader.is_damaged |= not inserted.rowcount
                counts[table] = target.total_changes - before
            target.execute("UPDATE jobs SET is_planned = 0, finished = NULL")
    finally:
        target.close()
    return counts


def _connection(path: Path) -> sqlite3.Connection:
    try:
        connection = schema.connect(schema.uri_of(path, is_read_only=True))
        # Without it SQLite reads nothing at all of a file that is shorter than its first page says.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise JournalError(
            f"Nothing of {path} can be read ({error}). Begin again with a new journal: what exists is not changed."
        ) from None
    return connection


class _Reader:
    """Reads tables around what is damaged in them.

    Args:
        connection: to the damaged journal.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.is_damaged = False

    def rows(self, table: str) -> Iterator[Sequence[Any]]:
        """Yield the rows that can be read: from the beginning up to the damage, then beyond it."""
        last = -1
        step = 1
        end = self._last(table)
        while True:
            try:
                statement = f"SELECT rowid, * FROM {table} WHERE rowid > ? ORDER BY rowid"  # noqa: S608 - our own name
                for rowid, *row in self.connection.execute(statement, (last,)):
                    yield row
                    last, step = rowid, 1
            except sqlite3.DatabaseError:
                self.is_damaged = True
                # A damaged page hides an unknown number of rows: the steps over it grow.
                last, step = last + step, 2 * step
                if last > end:
                    return
            else:
                return

    def _last(self, table: str) -> int:
        try:
            row = self.connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()  # noqa: S608 - our own name
        except sqlite3.DatabaseError:
            return _ROWID_LIMIT
        return row[0] or 0
