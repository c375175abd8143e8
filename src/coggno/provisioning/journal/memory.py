"""A journal that ends with its process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from attrs import evolve

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.locks.machine_lock import Sleep, group_lock
from coggno.provisioning.journal.records import (
    REMOVALS,
    Job,
    JobState,
    JournalScope,
    RecordedWrite,
    RowRecord,
    SavedPlan,
    Write,
    WriteKind,
    WriteOutcome,
    check_scope,
)
from coggno.provisioning.journal.values import REMOVED
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.pacing import SharedPace


class MemoryJournal:
    """Keeps the writes that are in doubt, and nothing of rows: its size depends on the rows in progress only.

    The default of a run from code. Nothing can be continued from it after the process has ended.

    Args:
        now: seconds since the epoch.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._scope: JournalScope | None = None
        self._job: Job | None = None
        self._state: JobState | None = None
        self._intents = 0
        self._writes: dict[int, RecordedWrite] = {}
        self._by_key: dict[tuple[int | None, str], set[int]] = {}

    @property
    def waiting(self) -> None:
        """`None`: there is nothing to wait for."""

    async def begin(self, job: Job) -> JobState:
        """Begin a job; that of the same digest as the last one counts as resumed."""
        self._scope = check_scope(self._scope, job, "This journal")
        if self._state is not None and self._job is not None and self._job.digest == job.digest:
            removed = 0 if self._state.is_finished else self._state.removed
            state = evolve(self._state, is_resumed=True, removed=removed)
        else:
            number = 1 if self._state is None else self._state.number + 1
            state = JobState(number=number, begun=self._now())
        self._job, self._state = job, evolve(state, is_finished=False)
        return state

    async def finish(self) -> None:
        """Note that the job came to its end."""
        self._state = evolve(self._begun(), is_finished=True)

    async def save_plan(self, plan: SavedPlan) -> None:
        """Do nothing: a run in the same process makes a plan of its own."""

    async def saved_plan(self) -> None:
        """Return `None`: no plan is kept."""

    async def intend(self, write: Write) -> int:
        """Keep what is about to be sent."""
        self._begun()
        self._intents += 1
        self._writes[self._intents] = RecordedWrite(intent=self._intents, write=write, sent_at=self._now())
        self._by_key.setdefault((write.company, write.key), set()).add(self._intents)
        return self._intents

    def settle(self, intent: int, outcome: WriteOutcome, result_id: int | None = None) -> None:
        """Note what became of a write."""
        known = self._writes.get(intent)
        if known is None:
            return
        if outcome in {WriteOutcome.NOT_DONE, WriteOutcome.REJECTED}:
            self._forget(known)
        else:
            self._writes[intent] = evolve(known, outcome=outcome, result_id=result_id)

    async def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished."""
        return list(self._writes.values())

    def record(self, record: RowRecord) -> None:
        """Forget the writes of a row that is as wanted."""
        if not record.result.is_as_wanted:
            return
        if record.result.outcome in REMOVED:
            state = self._begun()
            self._state = evolve(state, removed=state.removed + 1)
        for intent in list(self._by_key.get((record.company, record.key), ())):
            known = self._writes[intent]
            if _is_about(record, known.write):
                self._forget(known)

    async def earlier_results(self, rows: Sequence[tuple[int, bytes]]) -> Mapping[int, RowResult]:  # noqa: ARG002
        """Return nothing: results are not kept."""
        return {}

    async def outcomes(self) -> AsyncIterator[Sequence[tuple[int, RowOutcome]]]:
        """Yield nothing: results are not kept."""
        return
        yield

    async def results(self) -> AsyncIterator[RowResult]:
        """Yield nothing: results are not kept."""
        return
        yield

    def pace(self, *_: Any, **__: Any) -> SharedPace | None:
        """`None`: each run has its own."""
        return None

    def group_lock(self, address: str, company: str | None, *, sleep: Sleep) -> AbstractAsyncContextManager[None]:
        """Hold the right to create groups among all runs on this machine."""
        return group_lock(address, company, sleep=sleep)

    async def flush(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    def _begun(self) -> JobState:
        if self._state is None:
            raise JournalError("The journal has no job yet: begin() comes first.")
        return self._state

    def _forget(self, known: RecordedWrite) -> None:
        del self._writes[known.intent]
        key = (known.write.company, known.write.key)
        self._by_key[key].discard(known.intent)
        if not self._by_key[key]:
            del self._by_key[key]


def _is_about(record: RowRecord, write: Write) -> bool:
    """Return whether a result says what became of a write with the same key."""
    if record.result.line:
        return write.kind is not WriteKind.CREATE_GROUP  # a group may be called like somebody's login
    # Somebody may leave several groups at the same time.
    return write.kind in REMOVALS and write.group_id == record.group_id
