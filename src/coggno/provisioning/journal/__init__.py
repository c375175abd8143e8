"""Journals: what a run has sent and what became of it, kept so that the next run continues after any death."""

from __future__ import annotations

from coggno.provisioning.journal.locks import group_lock
from coggno.provisioning.journal.memory import MemoryJournal
from coggno.provisioning.journal.protocol import Journal
from coggno.provisioning.journal.reader import JournalReader, RecordedJob
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
from coggno.provisioning.journal.recovery import Recovered, recover
from coggno.provisioning.journal.sqlite import SqliteJournal

__all__ = [
    "Holder",
    "Job",
    "JobState",
    "Journal",
    "JournalReader",
    "JournalScope",
    "MemoryJournal",
    "RecordedJob",
    "RecordedWrite",
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
    "recover",
]
