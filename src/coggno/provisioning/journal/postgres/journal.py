"""A journal in a PostgreSQL database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Self

from attrs import evolve

from coggno.provisioning.journal.locks.machine_lock import Sleep
from coggno.provisioning.journal.noted import NotedJournal
from coggno.provisioning.journal.postgres import driver, lease, schema
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.journal.postgres.pace import shared_pace
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.journal.postgres.writer import PostgresWriter
from coggno.provisioning.journal.protocol import Clock
from coggno.provisioning.journal.records import Job, JobState, RecordedWrite, SavedPlan
from coggno.provisioning.outcomes import RowOutcome, RowResult, Waiting
from coggno.provisioning.pacing import SharedPace

_POLL: Final = 0.5  # seconds between two attempts to have the right to create groups
_PAGE: Final = 1000  # results that are read at once
_OUTCOMES: Final = 10_000  # lines and outcomes that are read at once; intents wait meanwhile, for some milliseconds


class PostgresJournal(NotedJournal[PostgresWriter]):
    """A journal in a PostgreSQL database, which outlives the machine of its run; one run at a time can use it.

    ```python
    async with PostgresJournal("postgresql://provisioning@db.example.com/coggno?journal=hires") as journal:
        async for result in coggno.provision("hires.csv", journal=journal):
            ...
    ```

    The same roster with the same journal continues where the last run stopped, on whatever machine. The tables are
    created in the schema `coggno`. They hold logins and results, never a password. Needs the extra `postgres`.

    A run holds its journal by a lease that it renews all the time. The journal of a run that was killed can be used
    again when its lease has run out; a run that could not renew its lease in time, and was taken over, commits nothing
    more and sends nothing more. When the database is gone, requests wait until it responds again.

    Args:
        url: `postgresql://user@host:5432/database?journal=name`. One database has any number of journals; without a
            name, the journal `default`. Give a password in the environment variable `PGPASSWORD` or in the file of
            passwords of PostgreSQL; one in the URL is never shown.
        lease: seconds that a lease lasts.
        patience: seconds that the database may be gone until the run stops.
        settle_time: seconds until a group counts as not created that another run has sent and died with.
        now: seconds since the epoch.
        clock: seconds that only grow.
        sleep: waits for so many seconds.

    Raises:
        JournalError: it is not a URL of PostgreSQL.
    """

    def __init__(
        self,
        url: str | DatabaseUrl,
        *,
        lease: float = 30.0,
        patience: float = 900.0,
        settle_time: float = 60.0,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        super().__init__(now)
        self.url = url if isinstance(url, DatabaseUrl) else DatabaseUrl(url)
        self._lease = lease
        self._patience = patience
        self._settle_time = settle_time
        self._clock = clock
        self._sleep = sleep
        self._left: Mapping[str, int] = {}
        self._waiting: Waiting | None = None
        self._pace: SharedPace | None = None

    def __repr__(self) -> str:
        return f"PostgresJournal({str(self.url)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def location(self) -> DatabaseUrl:
        """Where the journal is."""
        return self.url

    @property
    def has_failed(self) -> bool:
        """Whether it cannot be written any more: another run has taken it, or the patience has ended."""
        return self._writer is not None and self._writer.has_failed

    @property
    def waiting(self) -> Waiting | None:
        """Since when the run waits for the database, or for the lease of another run; `None` while it does not."""
        return self._waiting if self._writer is None else self._writer.waiting

    async def begin(self, job: Job) -> JobState:
        """Begin a job, or continue the last one if its digest is the same.

        Raises:
            JournalError: the journal cannot be used, another run holds it, or it belongs to another scope.
        """
        writer = await self._opened()
        tables, now, journal = writer.tables, self._now(), f"The journal {self.url}"

        # In one transaction: a worker begins a shard every few seconds, and sends nothing meanwhile.
        async def begin(connection: Database) -> tuple[JobState, int, int, Mapping[str, int]]:
            await tables.check_scope(connection, job, journal)
            state = await tables.begin_job(connection, job, now)
            left = await tables.last_leaving(connection) if state.number > 1 else {}
            leavers = await tables.last_leaver(connection, state.number)
            removed = await tables.count_left(connection, state.number)
            return evolve(state, removed=removed), await tables.last_intent(connection), leavers, left

        state, intents, self._leavers, self._left = await writer.call(begin)
        self._number, self._intents = state.number, max(self._intents, intents)
        return state

    async def finish(self) -> None:
        """Note that the job came to its end."""
        writer, now = self._begun(), self._now()
        await writer.call(lambda connection: writer.tables.finish_job(connection, self._number, now))

    async def save_plan(self, plan: SavedPlan) -> None:
        """Keep what the plan found on the server."""
        writer = self._begun()
        # Lists: what is lost together with the connection is written again.
        kept = evolve(plan, groups=list(plan.groups), users=list(plan.users))
        await writer.call(lambda connection: writer.tables.save_plan(connection, self._number, kept))

    async def saved_plan(self) -> SavedPlan | None:
        """Return the plan that this job has saved, if it has."""
        writer = self._begun()
        return await writer.call(lambda connection: writer.tables.read_plan(connection, self._number))

    async def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished, in the order in which they were intended."""
        writer = self._begun()
        return await writer.call(writer.tables.writes)

    async def earlier_results(self, rows: Sequence[tuple[int, bytes]]) -> Mapping[int, RowResult]:
        """Return, by line, what became of rows in earlier jobs of this journal, where they ended as wanted."""
        writer = self._begun()
        return await writer.call(lambda connection: writer.tables.earlier(connection, self._number, rows, self._left))

    async def outcomes(self) -> AsyncIterator[Sequence[tuple[int, RowOutcome]]]:
        """Yield line and outcome of the rows of this job, by line, in parts."""
        writer, last = self._begun(), -1
        while page := await writer.call(
            lambda connection: writer.tables.outcomes(connection, self._number, last, _OUTCOMES)  # noqa: B023 - called at once
        ):
            yield page
            last = page[-1][0]

    async def results(self) -> AsyncIterator[RowResult]:
        """Yield what became of the rows of this job, by line; users who are in no row come last, with line 0."""
        writer, last = self._begun(), 0
        while page := await writer.call(
            lambda connection: writer.tables.results(connection, self._number, last, _PAGE)  # noqa: B023 - called at once
        ):
            for _, result in page:
                yield result
            last = page[-1][0]

    @asynccontextmanager
    async def group_lock(self, address: str, company: str | None, *, sleep: Sleep) -> AsyncGenerator[None]:
        """Hold the right to create groups among all runs on this machine, and all with a journal in this database."""
        writer, scope = self._begun(), f"{address} {company}"
        # Runs with journals in files are on this machine only.
        async with super().group_lock(address, company, sleep=sleep):
            while not await writer.lock_groups(scope):
                await sleep(_POLL)
            try:
                yield
            finally:
                writer.unlock_groups(scope)

    def pace(self, address: str, account: str, rate: float | None, *, clock: Clock, sleep: Sleep) -> SharedPace:
        """Return the pace that all runs with journals in this database share."""
        if self._pace is None:
            self._pace = shared_pace(self.url, address, account, patience=self._patience, clock=clock, sleep=sleep)
        self._pace.limiter.rate = rate
        return self._pace

    async def close(self) -> None:
        """Keep what was noted, and let the next run use the journal. A second call does nothing."""
        pace, self._pace = self._pace, None
        if pace is not None:
            await pace.close()
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    async def discard(self) -> None:
        """Close the journal. What it has of a run that ended before it did anything is in nobody's way."""
        await self.close()

    async def _wait_for_lease(self, seconds: float) -> None:
        reason = "the lease of an earlier run to end, which may have been killed"
        self._waiting = self._waiting or Waiting(since=time.time(), reason=reason)
        await self._sleep(seconds)

    async def _take_lease(self, connection: driver.Database, /) -> lease.Lease:
        taken = await lease.take(
            connection, self.url, seconds=self._lease, since=self._now(), sleep=self._wait_for_lease
        )
        try:
            # After the lease was taken: a submission of that name waits for it, or has come before it.
            await lease.check_no_job(connection, taken)
        except BaseException:
            await taken.release(connection)
            raise
        return taken

    async def _opened(self) -> PostgresWriter:
        if self._writer is None:
            connection = None
            try:
                connection = await driver.connect(self.url)
                await schema.prepare(connection, self.url)
                taken = await self._take_lease(connection)
            except BaseException as error:
                if connection is not None:
                    await connection.close()
                if isinstance(error, Exception):
                    raise driver.unusable(self.url, error) from None
                raise
            finally:
                self._waiting = None
            self._writer = PostgresWriter(
                connection,
                taken,
                patience=self._patience,
                settle_time=self._settle_time,
                clock=self._clock,
                sleep=self._sleep,
            )
        return self._writer
