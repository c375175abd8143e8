"""Journals: what a run has sent and what became of it, kept so that the next run continues after any death."""

from __future__ import annotations

from coggno.provisioning.journal.memory import MemoryJournal
from coggno.provisioning.journal.protocol import Journal
from coggno.provisioning.journal.records import (
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
from coggno.provisioning.journal.sqlite import SqliteJournal

__all__ = [
    "Holder",
    "Job",
    "JobState",
    "Journal",
    "JournalScope",
    "MemoryJournal",
    "RecordedWrite",
    "RowRecord",
    "SavedGroup",
    "SavedPlan",
    "SavedUser",
    "SqliteJournal",
    "Write",
    "WriteKind",
    "WriteOutcome",
]
