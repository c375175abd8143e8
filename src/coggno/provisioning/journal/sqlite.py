"""A journal in a SQLite file, which survives any death of its process and of the machine."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Self

from attrs import evolve

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import schema, tables
from coggno.provisioning.journal.locks import HolderLock
from coggno.provisioning.journal.noted import NotedJournal
from coggno.provisioning.journal.records import (
    Job,
    JobState,
    RecordedWrite,
    SavedPlan,
    check_scope,
)
from coggno.provisioning.journal.writer import JournalWriter
from coggno.provisioning.outcomes import RowOutcome, RowResult

_PAGE: Final = 1000  # results that are read at once
_OUTCOMES: Final = 10_000  # lines and outcomes that are read at once; intents wait meanwhile, for some milliseconds


class SqliteJournal(NotedJournal[JournalWriter]):
    """A journal in a file on a local disk; one run at a time can use it.

    ```python
    async with SqliteJournal("hires.journal") as journal:
        async for result in coggno.provision("hires.csv", journal=journal):
            ...
    ```

    The same roster with the same journal continues where the last run stopped, also after a power cut. A file that does
    not exist is created, readable for its owner only. It holds logins and results, never a password.

    Args:
        path: of the file. Beside it are `.lock` and SQLite's `-wal` and `-shm` while a run uses it.
        now: seconds since the epoch.
        connect: opens the database.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        now: Callable[[], float] = time.time,
        connect: schema.Connect = schema.connect,
    ) -> None:
        super().__init__(now)
        self.path = Path(path)
        self._connect = connect
        self._lock: HolderLock | None = None
        self._is_new = False
        self._left: Mapping[str, int] = {}

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"

    @property
    def location(self) -> Path:
        """Where the journal is."""
        return self.path

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def begin(self, job: Job) -> JobState:
        """Begin a job, or continue the last one if its digest is the same.

        Raises:
            JournalError: the journal cannot be used, another run holds it, or it belongs to another scope.
        """
        writer = await self._opened()
        check_scope(await writer.call(tables.scope_of), job, f"The journal {self.path}")
        state = await writer.call(partial(tables.begin_job, job=job, now=self._now()))
        self._number = state.number
        self._intents = max(self._intents, await writer.call(tables.last_intent))
        self._leavers = await writer.call(partial(tables.last_leaver, number=state.number))
        self._left = await writer.call(tables.last_leaving) if state.number > 1 else {}
        return evolve(state, removed=await writer.call(partial(tables.count_left, number=state.number)))

    async def finish(self) -> None:
        """Note that the job came to its end."""
        await self._begun().call(partial(tables.finish_job, number=self._number, now=self._now()))

    async def save_plan(self, plan: SavedPlan) -> None:
        """Keep what the plan found on the server."""
        await self._begun().call(partial(tables.save_plan, number=self._number, plan=plan))

    async def saved_plan(self) -> SavedPlan | None:
        """Return the plan that this job has saved, if it has."""
        writer = self._begun()
        last = await writer.call(tables.last_job)
        return await writer.call(tables.read_plan) if last is not None and last[1].is_planned else None

    async def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished, in the order in which they were intended."""
        return await self._begun().call(tables.read_writes)

    async def earlier_results(self, rows: Sequence[tuple[int, bytes]]) -> Mapping[int, RowResult]:
        """Return, by line, what became of rows in earlier jobs of this journal, where they ended as wanted."""
        return await self._begun().call(partial(tables.find_earlier, number=self._number, rows=rows, left=self._left))

    async def outcomes(self) -> AsyncIterator[Sequence[tuple[int, RowOutcome]]]:
        """Yield line and outcome of the rows of this job, by line, in parts."""
        last = -1
        while page := await self._begun().call(
            partial(tables.read_outcomes, number=self._number, after=last, limit=_OUTCOMES)
        ):
            yield page
            last = page[-1][0]

    async def results(self) -> AsyncIterator[RowResult]:
        """Yield what became of the rows of this job, by line; users who are in no row come last, with line 0."""
        last = 0
        while page := await self._begun().call(
            partial(tables.read_results, number=self._number, after=last, limit=_PAGE)
        ):
            for _, result in page:
                yield result
            last = page[-1][0]

    async def close(self) -> None:
        """Keep what was noted, and let the next run use the journal. A second call does nothing."""
        writer, self._writer = self._writer, None
        lock, self._lock = self._lock, None
        # Shielded: a caller that is cancelled must not release the lock while the thread still writes.
        await asyncio.shield(asyncio.ensure_future(_end(writer, lock)))

    async def discard(self) -> None:
        """Close the journal, and remove it if this run has created it: for a run that ended before it did anything."""
        if self._is_new and self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()
            # Before the lock is released: the next run may create its own at once.
            self.path.unlink(missing_ok=True)
        await self.close()

    async def _opened(self) -> JournalWriter:
        if self._writer is None:
            # The lock comes before the file: two runs that create one must not replace each other's.
            self._lock = self._lock or await self._acquire()
            self._writer = JournalWriter(self._open, self._describe)
            try:
                await self._writer.commit(lambda _: None)
            except BaseException:
                await self.close()
                raise
        return self._writer

    async def _acquire(self) -> HolderLock:
        acquiring = asyncio.ensure_future(asyncio.to_thread(HolderLock, self.path, now=self._now))
        try:
            return await asyncio.shield(acquiring)
        except asyncio.CancelledError:
            # The thread goes on, and nobody else would know of the lock that it takes.
            acquiring.add_done_callback(_release)
            raise

    def _open(self) -> sqlite3.Connection:
        self._is_new = not self.path.exists()
        return schema.open_to_write(self.path, self._connect)

    def _describe(self, error: Exception) -> JournalError:
        return error if isinstance(error, JournalError) else schema.unusable(self.path, error)


async def _end(writer: JournalWriter | None, lock: HolderLock | None) -> None:
    try:
        if writer is not None:
            await writer.close()
    finally:
        # Only now: the next run must not open a file that this one still writes to.
        if lock is not None:
            lock.release()


def _release(acquiring: asyncio.Future[HolderLock]) -> None:
    if not acquiring.cancelled() and acquiring.exception() is None:
        acquiring.result().release()
