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

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import schema, tables
from coggno.provisioning.journal.batch import Batch
from coggno.provisioning.journal.holder import HolderLock
from coggno.provisioning.journal.records import (
    Job,
    JobState,
    RecordedWrite,
    RowRecord,
    SavedPlan,
    Write,
    WriteOutcome,
)
from coggno.provisioning.journal.scope import check_scope
from coggno.provisioning.journal.writer import JournalWriter
from coggno.provisioning.outcomes import RowOutcome, RowResult

_PAGE: Final = 1000  # results that are read at once
_OUTCOMES: Final = 10_000  # lines and outcomes that are read at once; intents wait meanwhile, for some milliseconds


class SqliteJournal:
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
        self.path = Path(path)
        self._now = now
        self._connect = connect
        self._lock: HolderLock | None = None
        self._writer: JournalWriter | None = None
        self._number = 0
        self._intents = 0
        self._leavers = 0
        self._left: Mapping[str, int] = {}

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"

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
        self._leavers = await writer.call(partial(tables.leavers, number=state.number))
        self._left = await writer.call(tables.last_leaving) if state.number > 1 else {}
        return state

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

    async def intend(self, write: Write) -> int:
        """Keep what is about to be sent; return its number when it would survive a power cut."""
        writer = self._begun()
        self._intents += 1
        intent = self._intents
        values = tables.intent_values(intent, write, self._now())
        try:
            await writer.commit(lambda batch: batch.intents.append(values))
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

    async def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished, in the order in which they were intended."""
        return await self._begun().call(tables.read_writes)

    def record(self, record: RowRecord) -> None:
        """Note what became of a row, with the next commit."""
        writer = self._begun()
        values = tables.row_values(tables.row_id(self._number, self._line(record)), record)
        finished = (record.key, record.company, self._intents)

        def add(batch: Batch) -> None:
            batch.rows.append(values)
            if record.result.is_as_wanted:
                batch.finished.append(finished)

        writer.note(add)

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

    async def flush(self) -> None:
        """Return when everything that was noted is safe."""
        await self._begun().commit(lambda _: None)

    async def close(self) -> None:
        """Keep what was noted, and let the next run use the journal. A second call does nothing."""
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                await writer.close()
        finally:
            # Only now: the next run must not open a file that this one still writes to.
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    async def _opened(self) -> JournalWriter:
        if self._writer is None:
            # The lock comes before the file: two runs that create one must not replace each other's.
            self._lock = self._lock or await asyncio.to_thread(HolderLock, self.path, now=self._now)
            self._writer = JournalWriter(self._open, self._describe)
            try:
                await self._writer.commit(lambda _: None)
            except BaseException:
                await self.close()
                raise
        return self._writer

    def _open(self) -> sqlite3.Connection:
        return schema.open_to_write(self.path, self._connect)

    def _describe(self, error: Exception) -> JournalError:
        return error if isinstance(error, JournalError) else schema.unusable(self.path, error)

    def _line(self, record: RowRecord) -> int:
        if record.result.line:
            return record.result.line
        self._leavers += 1
        return schema.LEAVERS + self._leavers

    def _begun(self) -> JournalWriter:
        if self._writer is None:
            raise JournalError("The journal has no job yet: begin() comes first.")
        return self._writer
