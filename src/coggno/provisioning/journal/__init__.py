"""Journals: what a run has sent and what became of it, kept so that the next run continues after any death."""

from __future__ import annotations

from coggno.provisioning.journal.locks import group_lock
from coggno.provisioning.journal.memory import MemoryJournal
from coggno.provisioning.journal.opening import JournalLocation, journal_at, journal_location, read_journal
from coggno.provisioning.journal.postgres.journal import PostgresJournal
from coggno.provisioning.journal.postgres.reader import PostgresReader
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.journal.protocol import Journal
from coggno.provisioning.journal.reader import JournalReader, RecordedJob, Records
from coggno.provisioning.journal.records import (
    REMOVALS,
    Holder,
    Job,
    JobState,
    JournalScope,
    RecordedWrite,
    RowRecord,
    SavedGroup,
    SavedPlan,
    SavedUser,
    Write,
    WriteKind,
    WriteOutcome,
)
from coggno.provisioning.journal.recovery import Recovered, recover
from coggno.provisioning.journal.sqlite import SqliteJournal

__all__ = [
    "REMOVALS",
    "DatabaseUrl",
    "Holder",
    "Job",
    "JobState",
    "Journal",
    "JournalLocation",
    "JournalReader",
    "JournalScope",
    "MemoryJournal",
    "PostgresJournal",
    "PostgresReader",
    "RecordedJob",
    "RecordedWrite",
    "Records",
    "Recovered",
    "RowRecord",
    "SavedGroup",
    "SavedPlan",
    "SavedUser",
    "SqliteJournal",
    "Write",
    "WriteKind",
    "WriteOutcome",
    "group_lock",
    "journal_at",
    "journal_location",
    "read_journal",
    "recover",
]
