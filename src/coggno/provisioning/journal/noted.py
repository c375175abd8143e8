"""What journals in a database have in common: notes that a writer commits, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Protocol, TypeVar

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import values
from coggno.provisioning.journal.batch import Batch
from coggno.provisioning.journal.locks.machine_lock import Sleep, group_lock
from coggno.provisioning.journal.records import RowRecord, Write, WriteOutcome
from coggno.provisioning.outcomes import Waiting
from coggno.provisioning.pacing import SharedPace


class Writer(Protocol):
    """Commits notes; all who wait at a time share one commit."""

    def note(self, add: Callable[[Batch], None]) -> None:
        """Add notes to the next commit."""
        ...

    async def commit(self, add: Callable[[Batch], None]) -> None:
        """Add notes, and return when they are safe."""
        ...


W = TypeVar("W", bound=Writer)


class NotedJournal(Generic[W]):
    """The part of a journal that notes what is sent and what became of it.

    Args:
        now: seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._writer: W | None = None
        self._number = 0
        self._intents = 0
        self._leavers = 0

    @property
    def waiting(self) -> Waiting | None:
        """`None`: a file is there or is not."""
        return None

    def pace(self, *_: Any, **__: Any) -> SharedPace | None:
        """`None`: each run has its own."""
        return None

    def group_lock(self, address: str, company: str | None, *, sleep: Sleep) -> AbstractAsyncContextManager[None]:
        """Hold the right to create groups among all runs on this machine."""
        return group_lock(address, company, sleep=sleep)

    async def intend(self, write: Write) -> int:
        """Keep what is about to be sent; return its number when it would survive a power cut."""
        writer = self._begun()
        self._intents += 1
        intent = self._intents
        noted = values.intent_values(intent, write, self._now())
        try:
            await writer.commit(lambda batch: batch.intents.append(noted))
        except asyncio.CancelledError:
            # Nothing is sent: the caller has not received the number.
            self.settle(intent, WriteOutcome.NOT_DONE)
            raise
        return intent

    def settle(self, intent: int, outcome: WriteOutcome, result_id: int | None = None) -> None:
        """Note what became of a write, with the next commit."""

        def add(batch: Batch) -> None:
            if outcome in {WriteOutcome.NOT_DONE, WriteOutcome.REJECTED}:
                batch.dropped.append((intent,))
            else:
                batch.settled.append((outcome.value, result_id, intent))

        self._begun().note(add)

    def record(self, record: RowRecord) -> None:
        """Note what became of a row, with the next commit."""
        writer = self._begun()
        noted = values.row_values(values.row_id(self._number, self._line(record)), record)
        finished = (record.key, record.company, self._intents)

        def add(batch: Batch) -> None:
            batch.rows.append(noted)
            if not record.result.is_as_wanted:
                return
            if record.result.line:
                batch.finished.append(finished)
            else:
                # What was sent to remove the same person from other groups may still be in progress.
                batch.left.append((*finished, record.group_id))

        writer.note(add)

    async def flush(self) -> None:
        """Return when everything that was noted is safe."""
        await self._begun().commit(lambda _: None)

    def _line(self, record: RowRecord) -> int:
        if record.result.line:
            return record.result.line
        self._leavers += 1
        return values.LEAVERS + self._leavers

    def _begun(self) -> W:
        if self._writer is None:
            raise JournalError("The journal has no job yet: begin() comes first.")
        return self._writer
