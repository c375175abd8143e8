"""What a run needs of a journal. Asynchronous, since a journal may be a database on another machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from coggno.provisioning.journal.locks.machine_lock import Sleep
from coggno.provisioning.journal.records import (
    Job,
    JobState,
    RecordedWrite,
    RowRecord,
    SavedPlan,
    Write,
    WriteOutcome,
)
from coggno.provisioning.outcomes import RowOutcome, RowResult, Waiting
from coggno.provisioning.pacing import SharedPace

Clock: TypeAlias = Callable[[], float]


class Journal(Protocol):
    """Remembers what a run has sent and what became of it, so that the next run continues after any death.

    The order is what makes it work: an intent is kept before its request leaves, the outcome after it. A write whose
    outcome is missing may have been carried out; the next run finds out before it sends anything for that row again.
    `intend` waits until the intent is safe. `settle` and `record` do not wait: what they lose in a crash is found out
    again.
    """

    @property
    def waiting(self) -> Waiting | None:
        """Since when the journal waits for its database, and the requests of the run with it; `None` otherwise."""
        ...

    async def begin(self, job: Job) -> JobState:
        """Begin a job, or continue the last one if its digest is the same.

        Args:
            job: what is to be done.

        Raises:
            JournalError: the journal cannot be used, another run holds it, or it belongs to another scope.
        """
        ...

    async def finish(self) -> None:
        """Note that the job came to its end.

        Raises:
            JournalError: it cannot be written.
        """
        ...

    async def save_plan(self, plan: SavedPlan) -> None:
        """Keep what the plan found on the server, so that a run that continues this one reads no list.

        Args:
            plan: read once.

        Raises:
            JournalError: it cannot be written.
        """
        ...

    async def saved_plan(self) -> SavedPlan | None:
        """Return the plan that this job has saved, if it has.

        Raises:
            JournalError: it cannot be read.
        """
        ...

    async def intend(self, write: Write) -> int:
        """Keep what is about to be sent; return its number when it would survive a power cut.

        Args:
            write: the request.

        Raises:
            JournalError: it cannot be kept, so the request must not be sent.
        """
        ...

    def settle(self, intent: int, outcome: WriteOutcome, result_id: int | None = None) -> None:
        """Note what became of a write, with the next commit. One that was not carried out is forgotten.

        Args:
            intent: the number that `intend` returned.
            outcome: what is known.
            result_id: id of what was created.
        """
        ...

    async def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished, in the order in which they were intended.

        Raises:
            JournalError: they cannot be read.
        """
        ...

    def record(self, record: RowRecord) -> None:
        """Note what became of a row, with the next commit. The writes of a row that is as wanted are forgotten.

        Args:
            record: the result, and what the row asked for.
        """
        ...

    async def earlier_results(self, rows: Sequence[tuple[int, bytes]]) -> Mapping[int, RowResult]:
        """Return, by line, what became of rows in earlier jobs of this journal, where they ended as wanted.

        Args:
            rows: line and digest of each; rows with the same digest ask for the same.

        Raises:
            JournalError: it cannot be read.
        """
        ...

    def outcomes(self) -> AsyncIterator[Sequence[tuple[int, RowOutcome]]]:
        """Yield line and outcome of the rows of this job, by line, in parts: a million of them within a second.

        Raises:
            JournalError: it cannot be read.
        """
        ...

    def results(self) -> AsyncIterator[RowResult]:
        """Yield what became of the rows of this job, by line; users who are in no row come last, with line 0.

        Raises:
            JournalError: it cannot be read.
        """
        ...

    def group_lock(self, address: str, company: str | None, *, sleep: Sleep) -> AbstractAsyncContextManager[None]:
        """Hold the right to create groups, from the list that shows that one is missing until it is known to exist.

        Args:
            address: of the API.
            company: id of the company that the client acts for; `None` for that of the key.
            sleep: waits for so many seconds, while another run has the right.

        Raises:
            JournalError: it cannot be had.
        """
        ...

    def pace(self, address: str, account: str, rate: float | None, *, clock: Clock, sleep: Sleep) -> SharedPace | None:
        """Return the pace that all runs with journals in this place share; `None` if each has its own.

        Args:
            address: of the API.
            account: what tells the keys of accounts apart, and is no key.
            rate: requests per second that the caller allows all of them; `None` for no limit.
            clock: seconds that only grow.
            sleep: waits for so many seconds.
        """
        ...

    async def flush(self) -> None:
        """Return when everything that was noted is safe.

        Raises:
            JournalError: it cannot be written.
        """
        ...

    async def close(self) -> None:
        """Keep what was noted, and let the next run use the journal. A second call does nothing."""
        ...
