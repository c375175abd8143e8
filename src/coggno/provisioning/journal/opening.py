"""Opening the journal of a given name: a database if it is a URL, a file otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from coggno.provisioning.journal.postgres.journal import PostgresJournal
from coggno.provisioning.journal.postgres.reader import PostgresReader
from coggno.provisioning.journal.postgres.url import DatabaseUrl, is_database_url
from coggno.provisioning.journal.reader import JournalReader, Records
from coggno.provisioning.journal.sqlite import SqliteJournal

JournalLocation: TypeAlias = "Path | DatabaseUrl"
"""Where a journal is. Its text shows no password."""


def journal_location(name: str | os.PathLike[str] | DatabaseUrl) -> JournalLocation:
    """Return where the journal of that name is.

    Raises:
        JournalError: it is an invalid URL.
    """
    if isinstance(name, DatabaseUrl):
        return name
    return DatabaseUrl(name) if isinstance(name, str) and is_database_url(name) else Path(name)


def journal_at(
    name: str | os.PathLike[str] | DatabaseUrl, *, patience: float, settle_time: float
) -> SqliteJournal | PostgresJournal:
    """Return the journal of that name, which is opened by the run.

    Args:
        name: a path, or a URL of PostgreSQL.
        patience: seconds that a database may be gone until the run stops.
        settle_time: seconds until a write of another run counts as lost, where it died or gave up.

    Raises:
        JournalError: it is an invalid URL.
    """
    location = journal_location(name)
    if isinstance(location, DatabaseUrl):
        return PostgresJournal(location, patience=patience, settle_time=settle_time)
    return SqliteJournal(location)


def read_journal(name: str | os.PathLike[str] | DatabaseUrl) -> Records:
    """Return what is in the journal of that name.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
    """
    location = journal_location(name)
    return PostgresReader(location) if isinstance(location, DatabaseUrl) else JournalReader(location)
