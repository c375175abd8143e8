"""A worker: takes the parts of jobs that nobody else carries out, one after the other, until there are none."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from attrs import define, evolve, field

from coggno import testing
from coggno.errors import CoggnoError, ConfigurationError
from coggno.provisioning.errors import JournalError, StoppedError
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.database.connection import WorkerDatabase
from coggno.provisioning.jobs.database.sealing import JobClient, Sealer
from coggno.provisioning.jobs.database.tables import Claim
from coggno.provisioning.jobs.journals import ClaimedJournal, ShardJournal, closing_soon
from coggno.provisioning.jobs.observer import SilentObserver, WorkerObserver
from coggno.provisioning.jobs.planning import plan_job
from coggno.provisioning.jobs.reader import no_job
from coggno.provisioning.jobs.records import FORMAT, SubmittedJob
from coggno.provisioning.jobs.senders import JobSenders, options_of
from coggno.provisioning.jobs.shard_run import ShardRun
from coggno.provisioning.journal import DatabaseUrl, JournalScope
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.outcomes import RowOutcome, Waiting
from coggno.provisioning.requests import Sender
from coggno.provisioning.requests.stop_signal import GRACE

_POLL: Final = 1.0  # seconds until a worker that has nothing to do asks again
_AFTER_FAILURE: Final = 30.0  # seconds until a worker that goes on for ever tries again
_LEASE: Final = 30.0  # seconds
_PATIENCE: Final = 900.0  # seconds that the database may be gone
_PUT_OFF: Final = 1.0  # seconds until a part whose journal could not be used is tried again
_TRIES: Final = 5  # of a journal that cannot be used while the database responds
_AFTER_GRACE: Final = 0.5  # seconds after the grace of a run; closing its journal takes up to 2 more
_LAST_SECOND: Final = 1.0  # seconds for giving back a lease
_HEALTH_TIMEOUT: Final = 3.0  # seconds that the database has to respond
_PLANNED_A_SECOND: Final = 10_000  # rows, on a slow machine


@define
class WorkerReport:
    """What a worker has done.

    Attributes:
        shards: how many parts of jobs it has brought to their end.
        counts: how many rows have ended, by outcome.
        stopped: why it ended before everything was done; `None` if it did not.
        was_busy: whether it had a part of a job in hand when it was stopped.
        left_alone: why it has left jobs of its address and company alone.
    """

    shards: int = 0
    counts: Counter[RowOutcome] = field(factory=Counter[RowOutcome])
    stopped: str | None = None
    was_busy: bool = False
    left_alone: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows have ended."""
        return self.counts.total()


class Worker:
    """Carries out submitted jobs, together with any number of other workers; each may be killed at any time.

    ```python
    async with AsyncCoggno() as coggno:
        report = await Worker(coggno, "postgresql:///coggno").run()
    ```

    A worker takes one part of a job after the other, by a lease that ends by itself when the worker dies. It takes jobs
    of the address, company and API key of its client only.

    Args:
        client: sends the requests.
        journal: `postgresql://...`; with `?journal=NAME`, only the job of that name.
        job: name of the only job to carry out; that of the URL if not given.
        lease: seconds after which others continue the work of a worker that has died.
        observer: follows the worker.

    Raises:
        JournalError: it is not a URL of PostgreSQL.
    """

    def __init__(
        self,
        client: JobClient,
        journal: str | DatabaseUrl,
        *,
        job: str | None = None,
        lease: float = _LEASE,
        observer: WorkerObserver | None = None,
    ) -> None:
        self.url = journal if isinstance(journal, DatabaseUrl) else DatabaseUrl(journal)
        self.job = job or (self.url.name if self.url.has_name else None)
        self.report = WorkerReport()
        self._client = client
        self._lease = lease
        self._observer = observer or SilentObserver()
        self._senders = JobSenders(client, self.url, _PATIENCE, testing.clock, testing.sleep)
        self._sealers: dict[int, Sealer] = {}
        self._sender: Sender | None = None
        self._database = WorkerDatabase(self.url, _PATIENCE, on_wait=self._observer.idle)
        self._stopping = asyncio.Event()
        self._limit: asyncio.Timeout | None = None
        self._failures = 0
        self._put_off: dict[int, float] = {}  # journal of what has failed -> when it is tried again
        self._left_out: set[int] = set()  # jobs that cannot be carried out
        self._error: CoggnoError | None = None

    async def run(self, *, forever: bool = False) -> WorkerReport:
        """Carry out what is there until all of it is done, by this worker or others.

        Args:
            forever: whether to wait for new jobs then.

        Returns:
            What this worker has done.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be used, or the job is for another address, company or key.
            APIError: a list could not be read, and waiting cannot help.
            RosterError: a company of a job is not connected any more.
        """
        return await self._carry_out_all(forever=forever)

    async def run_shard(self, number: int) -> WorkerReport:
        """Carry out one part of the job, and return when it is done, by this worker or another.

        Args:
            number: of the part, from 1 on.

        Returns:
            What this worker has done.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be used, or the job is for another address, company or key.
            ConfigurationError: the worker is not for one job, or the job has no such part.
            APIError: a list could not be read, and waiting cannot help.
        """
        if self.job is None:
            raise ConfigurationError("run_shard() needs the name of a job: give job=NAME, or ?journal=NAME in the URL")
        return await self._carry_out_all(forever=False, number=number)

    def stop(self, reason: str) -> None:
        """Begin nothing more, and end within 10 seconds; what is left goes back for other workers.

        Args:
            reason: why, in a few words; a second call changes nothing.
        """
        if self.report.stopped is not None:
            return
        self.report.stopped = reason
        self.report.was_busy = self._sender is not None
        self._stopping.set()
        if self._sender is not None:
            self._sender.signal.stop(reason)
        if self._limit is not None:
            # What does not end by itself then, such as a list that is being read, is cut off.
            self._limit.reschedule(asyncio.get_running_loop().time() + GRACE + _AFTER_GRACE)

    async def is_alive(self) -> bool:
        """Return whether the worker is running and the database responds."""
        if self._limit is None:
            return False
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT):
                return await self._database.attempt(tables.ping) is not None
        except TimeoutError:
            return False

    @property
    def waiting(self) -> Waiting | None:
        """Since when the worker waits for its database; `None` while it does not."""
        return self._database.waiting

    async def _carry_out_all(self, *, forever: bool, number: int | None = None) -> WorkerReport:
        async with self._working():
            await self._database.open()
            while (claim := await self._next(forever=forever, number=number)) is not None:
                await self._carry_out(claim, forever=forever)
            if self._error is not None:
                raise self._error
        return self.report

    @asynccontextmanager
    async def _working(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(None) as self._limit:
                yield
        except TimeoutError:
            if self.report.stopped is None:
                raise
        finally:
            self._limit = None
            await self._senders.close()
            await self._database.close()

    async def _next(self, *, forever: bool, number: int | None = None) -> Claim | None:
        """Return the next part to carry out; `None` if nothing is left, or the worker was stopped."""
        while self.report.stopped is None:
            jobs = await self._jobs(forever=forever)
            if number is not None and jobs and not 1 <= number <= jobs[0].shards:
                raise ConfigurationError(f"the job {jobs[0].name} has {jobs[0].shards} parts, and no part {number}")
            claim = await self._claim(jobs, number) if jobs else None
            if claim is not None and self.report.stopped is not None:
                await self._give_back(claim)  # stopped while the database responded
            elif claim is not None:
                return claim
            is_done = not jobs or (number is not None and await self._is_finished(jobs[0], number))
            if is_done and not forever:
                return None
            self._observer.idle("other workers to finish the rest, in case one of them is killed" if jobs else "jobs")
            await self._pause(_POLL)
        return None

    async def _jobs(self, *, forever: bool) -> list[SubmittedJob]:
        """Return the jobs that this worker may carry out."""
        scope = JournalScope.of(self._client)
        if self.job is not None:
            await self._check_job(self.job, scope, may_be_missing=forever)
        open_jobs = await self._database.call(lambda connection: tables.unfinished_jobs(connection, scope))
        found = [job for job in open_jobs if self.job in {None, job.name}]
        for job in found:
            self._leave_alone(objection_to(job, scope))
        jobs = [job for job in found if objection_to(job, scope) is None and job.id not in self._left_out]
        self._senders.keep(jobs)
        self._sealers = {job.id: self._sealers[job.id] for job in jobs if job.id in self._sealers}
        return jobs

    async def _check_job(self, name: str, scope: JournalScope, *, may_be_missing: bool) -> None:
        """Return if the only job that this worker is for can be carried out by it.

        Raises:
            JobNotFoundError: there is none.
            JournalError: it cannot.
        """
        job = await self._database.call(lambda connection: tables.find_job(connection, name))
        if job is None:
            if may_be_missing:
                return
            raise no_job(name, self.url, await self._database.call(tables.job_names))
        if evolve(job.scope, account=scope.account) != scope:
            raise JournalError(f"The job {name} is for {job.scope}, and this worker is for {scope}.")
        objection = objection_to(job, scope)
        if objection is not None:
            raise JournalError(objection)

    def _leave_alone(self, objection: str | None) -> None:
        if objection is not None and objection not in self.report.left_alone:
            self.report.left_alone += (objection,)
            self._observer.note(objection)

    async def _claim(self, jobs: Sequence[SubmittedJob], number: int | None) -> Claim | None:
        seconds, now, monotonic = self._lease, time.time(), time.monotonic()
        self._put_off = {journal: until for journal, until in self._put_off.items() if until > monotonic}
        but = list(self._put_off)
        # While the plan of many rows is worked out, nothing renews the lease.
        longer = max(seconds, max(job.rows for job in jobs) / _PLANNED_A_SECOND)

        async def claim(connection: Database) -> Claim | None:
            found = await tables.claim_shard(
                connection, self.url, jobs, number=number, seconds=seconds, now=now, but=but
            )
            return found or await tables.claim_job(connection, self.url, jobs, seconds=longer, now=now, but=but)

        return await self._database.call(claim)

    async def _is_finished(self, job: SubmittedJob, number: int) -> bool:
        return await self._database.call(lambda connection: tables.is_finished(connection, job.id, number))

    async def _carry_out(self, claim: Claim, *, forever: bool) -> None:
        self._sender = self._senders.of(claim.job)
        stopped: str | None = None
        try:
            stopped = await (self._carry_out_shard(claim) if claim.number else self._plan(claim))
            self._failures = 0
        except JournalError as error:
            stopped = await self._journal_failed(claim, error)
        except CoggnoError as error:
            # It concerns this job, such as a company that is gone: those behind it are carried out all the same.
            self._put_off[claim.lease.journal] = time.monotonic() + _AFTER_FAILURE
            then = f" Trying again in {_AFTER_FAILURE:.0f} seconds." if forever else ""
            self._observer.note(f"The job {claim.job.name} cannot be carried out: {str(error).rstrip('.')}.{then}")
            if not forever:
                self._left_out.add(claim.job.id)
                self._error = self._error or error
        finally:
            self._sender = None
            await self._give_back(claim)
        if stopped is not None and self.report.stopped is None:
            await self._stopped(claim, stopped, forever=forever)

    async def _give_back(self, claim: Claim) -> None:
        """Release a lease also where its journal was not opened: another worker need not wait for it to run out."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECOND):
                await self._database.attempt(claim.lease.release)

    async def _carry_out_shard(self, claim: Claim) -> str | None:
        assert self._sender is not None  # noqa: S101 - set by the caller
        settle_time = options_of(claim.job).settle_time
        async with closing_soon(ShardJournal(claim, patience=_PATIENCE, settle_time=settle_time)) as journal:
            run = ShardRun(journal, self._sender, self._sealer(claim.job), self._database, self._observer)
            end = await run.carry_out()
        self.report.counts += end.counts
        self.report.shards += end.stopped is None
        if end.has_lost_journal:
            raise JournalError(end.stopped)
        return end.stopped

    async def _plan(self, claim: Claim) -> str | None:
        assert self._sender is not None  # noqa: S101 - set by the caller
        self._observer.planning(claim.job)
        async with closing_soon(ClaimedJournal(claim, patience=_PATIENCE)) as journal:
            try:
                self.report.counts += await plan_job(journal, self._sender, options_of(claim.job))
            except StoppedError as early:
                return early.reason
        return None

    async def _journal_failed(self, claim: Claim, error: JournalError) -> str | None:
        """Return why the worker cannot go on, or `None` if it can.

        Raises:
            JournalError: it cannot, whatever is tried.
        """
        self._senders.drop(claim.job)
        self._failures += 1
        if self._failures >= _TRIES:
            raise error
        # What is behind it first: it may fail each time.
        self._put_off[claim.lease.journal] = time.monotonic() + _PUT_OFF
        self._observer.note(f"{claim.lease.url.name}: {error}")
        # A database that is gone is waited for there.
        await self._database.call(tables.ping)
        return None

    async def _stopped(self, claim: Claim, reason: str, *, forever: bool) -> None:
        """Go on with another part, or end."""
        self._senders.drop(claim.job)
        job = claim.job
        if await self._database.call(lambda connection: tables.is_cancelled(connection, job.id)):
            self._observer.note(f"The job {job.name} was cancelled.")
        elif forever:
            self._observer.note(f"{claim.lease.url.name}: {reason}. Trying again in {_AFTER_FAILURE:.0f} seconds.")
            await self._pause(_AFTER_FAILURE)
        else:
            self.stop(reason)

    def _sealer(self, job: SubmittedJob) -> Sealer:
        # A tenth of a second each: once for each job.
        if job.id not in self._sealers:
            self._sealers[job.id] = Sealer.of(self._client, job.salt)
        return self._sealers[job.id]

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def objection_to(job: SubmittedJob, scope: JournalScope) -> str | None:
    """Return why a worker must leave a job of its address and company alone; `None` if it need not."""
    if job.format > FORMAT:
        return f"The job {job.name} was submitted by a later version of coggno. Update the worker."
    if job.scope.account != scope.account:
        return (
            f"The job {job.name} was submitted with another API key, and is left alone: its passwords cannot be read. "
            "Start a worker with that key."
        )
    return None
