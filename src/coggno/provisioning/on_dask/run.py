"""A job as tasks of Dask: one for each shard. What is done, and how far the job is, says the database."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import define, evolve, field

from coggno._version import __version__
from coggno.provisioning.errors import DaskError, StoppedError
from coggno.provisioning.jobs import JobClient, JobPhase, JobStatus, submit_job
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.on_dask.cluster import Cluster, DaskClient, is_lost
from coggno.provisioning.on_dask.progress import JobProgress
from coggno.provisioning.on_dask.shard_task import (
    Connect,
    TaskSettings,
    carry_out_shard,
    check_worker,
    from_environment,
    stop_run,
)
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import Waiting
from coggno.provisioning.roster import Roster, RosterOptions, Source

_INTERVAL: Final = 0.5  # seconds between two checks of the tasks
_GRACE: Final = 4.7  # seconds that tasks have to end after a stop; requests in progress end within 4
_FAILURES: Final = 3  # times in a row that the workers with a shard may die before any row of the job is finished
LEASE: Final = 30.0  # seconds
_ENDED: Final = frozenset({JobPhase.FINISHED, JobPhase.CANCELLED})


def _ignore(_: JobStatus) -> None: ...


@define
class DaskRun:
    """Carries out a submitted job on the workers of a Dask cluster.

    Tasks take the leases of their shards as any worker of the job does: a task that Dask runs twice does no harm, and
    workers started with `coggno worker` can help.

    Attributes:
        cluster: where the tasks run.
        client: of the account that the job is for; its key stays here.
        url: of the job, without a password.
        connect: makes a client on each worker, which has a key of its own.
        lease: seconds after which another worker continues a shard whose worker has died.
        on_progress: receives how far the job is, about twice a second.
    """

    cluster: Cluster
    client: JobClient
    url: DatabaseUrl
    connect: Connect = from_environment
    lease: float = LEASE
    on_progress: Callable[[JobStatus], None] = _ignore
    _progress: JobProgress = field(init=False)
    _id: str = field(init=False, factory=lambda: secrets.token_hex(8))
    _reason: str | None = field(init=False, default=None)
    _stopped: asyncio.Event = field(init=False, factory=asyncio.Event)
    _tasks: dict[int, Any] = field(init=False, factory=dict[int, Any])
    _failures: dict[int, tuple[int, int]] = field(init=False, factory=dict[int, tuple[int, int]])
    _alone_since: float | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._progress = JobProgress(self.url)

    @classmethod
    def of(cls, dask_client: DaskClient, client: JobClient, journal: str | DatabaseUrl, **options: Any) -> DaskRun:
        """Return a run.

        Args:
            dask_client: connected to the scheduler.
            client: of the account that the job is for.
            journal: URL of the job.
            options: more attributes.

        Raises:
            DaskError: the URL has a password.
        """
        url = journal if isinstance(journal, DatabaseUrl) else DatabaseUrl(journal)
        if str(url) != url.secret_text:
            # Arguments of tasks are kept by the scheduler, and shown on its pages.
            raise DaskError(
                f"The URL of the job, {url}, has a password, and what a task needs passes through Dask in the clear. "
                "Leave it out, and set PGPASSWORD or a password file on the machine of every worker and here."
            )
        return cls(Cluster(dask_client), client, url, **options)

    def stop(self, reason: str) -> None:
        """End early: no more rows begin, and requests in progress have a few seconds left.

        Args:
            reason: why, in a few words; a second call changes nothing.
        """
        self._reason = self._reason or reason
        self._stopped.set()

    async def check_workers(self) -> None:
        """Return if every worker that the cluster has now can carry out the job.

        Raises:
            DaskError: one cannot; the message says why, and what to do.
        """
        await self.cluster.check(check_worker, self._settings)

    async def run(self) -> JobStatus:
        """Carry out the job, and return how it ended.

        Raises:
            DaskError: the workers cannot carry it out.
            JournalError: the database cannot be used.
            StoppedError: it ended early.
        """
        try:
            status = await self._report()
            self._submit(shard.number for shard in status.shards if shard.finished is None)
            while status.state not in _ENDED:
                await self._pause()
                await self._take_results()
                status = await self._report()
                if self._reason is not None:
                    raise StoppedError(self._reason)
                self._submit_missing(status)
            return status
        finally:
            await self._end()
            self._progress.close()

    @property
    def _settings(self) -> TaskSettings:
        client = self.client
        return TaskSettings(
            run=self._id,
            version=__version__,
            url=str(self.url),
            base_url=client.base_url,
            company=client.lms,
            account=client.account,
            connect=self.connect,
            lease=self.lease,
        )

    def _submit(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            # A key of its own for each attempt: Dask gives the result of an earlier task to one of the same key.
            key = f"coggno-{self.url.name}-{number}-{secrets.token_hex(4)}"
            self._tasks[number] = self.cluster.client.submit(
                carry_out_shard, self._settings, number, key=key, pure=False
            )

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_INTERVAL):
                await self._stopped.wait()

    async def _take_results(self) -> None:
        for number, future in list(self._tasks.items()):
            if future.status == "pending":
                continue
            del self._tasks[number]
            if future.status == "finished":
                reason = await self.cluster.call(future.result)
                if reason is not None:
                    self.stop(reason)
            elif future.status == "error":
                error = await self.cluster.error_of(future)
                if not is_lost(error):
                    raise error
            elif not self.cluster.is_connected:
                self.stop("the connection to the Dask scheduler is lost")

    def _submit_missing(self, status: JobStatus) -> None:
        """Submit the shards again that are not done and that no task has any more."""
        for shard in status.shards:
            if shard.finished is not None or shard.number in self._tasks:
                continue
            failures, done = self._failures.get(shard.number, (0, -1))
            failures = failures + 1 if done == status.done else 1
            if failures > _FAILURES:
                raise DaskError(
                    f"The workers that had shard {shard.number} of the job {status.name} ended again and again, and no "
                    "row was finished meanwhile. Their logs say why; too little memory is a usual reason."
                )
            self._failures[shard.number] = failures, status.done
            self._submit([shard.number])

    async def _report(self) -> JobStatus:
        status = await self._progress.status()
        if status.state not in _ENDED and status.waiting is None:
            status = evolve(status, waiting=await self._missing_workers())
        self.on_progress(status)
        return status

    async def _missing_workers(self) -> Waiting | None:
        if not self.cluster.is_connected or await self.cluster.has_workers():
            self._alone_since = None
            return None
        self._alone_since = self._alone_since or time.time()
        return Waiting(since=self._alone_since, reason="a Dask worker to connect")

    async def _end(self) -> None:
        """Let the tasks that are left end in order, and those that have not begun not begin."""
        futures = list(self._tasks.values())
        if not futures or not self.cluster.is_connected:
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_GRACE):
                await self.cluster.run_everywhere(stop_run, self._id, self._reason or "the run has ended")
                while any(future.status == "pending" for future in futures):  # noqa: ASYNC110 - of Dask's loop
                    await asyncio.sleep(0.05)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await self.cluster.call(self.cluster.client.cancel, futures)


async def run_on_dask(
    dask_client: DaskClient,
    client: JobClient,
    rows: Roster | Source | None = None,
    *,
    journal: str | DatabaseUrl,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    roster_options: RosterOptions | None = None,
    makes_passwords: bool = False,
    shard_rows: int | None = None,
    connect: Connect = from_environment,
    lease: float = LEASE,
    on_progress: Callable[[JobStatus], None] = _ignore,
) -> JobStatus:
    """Submit a roster as a job, carry it out on the workers of a Dask cluster, and return how it ended.

    ```python
    async with AsyncCoggno() as coggno, distributed.Client("tcp://scheduler:8786", asynchronous=True) as dask:
        status = await run_on_dask(dask, coggno, "people.csv", journal="postgresql:///coggno?journal=hires")
    ```

    The database decides what is done: a worker of Dask may die at any time, and a task may run twice. Cancelling this
    coroutine ends the tasks within five seconds; the same call continues the job.

    Every worker needs this version of the package with the extra `postgres`, the API key in `COGGNO_API_KEY`, and
    access to the database. No key and no password is part of a task.

    Args:
        dask_client: a `distributed.Client`, asynchronous or not.
        client: of the account that the job is for.
        rows: a `Roster`, or what `read_roster` takes; `None` for a job that was submitted before.
        journal: `postgresql://...?journal=NAME`, as the workers reach it, without a password; NAME is that of the job.
        options: concurrency, rate, patience and settle time.
        roster_options: how the rows are read.
        makes_passwords: whether passwords are generated for new users whose row has none.
        shard_rows: how many rows a task has, at least 1; 5,000 if not given, and fewer of a small job.
        connect: called on each worker with `base_url` and `lms`, returns a client; a function that the workers can
            import. By default, a client with the key of `COGGNO_API_KEY`.
        lease: seconds after which another worker continues a shard whose worker has died.
        on_progress: receives how far the job is, about twice a second.

    Raises:
        DaskError: the workers cannot carry out the job; nothing was sent.
        RosterError: the roster cannot be read; nothing was sent.
        JournalError: the database cannot be used, or the name is in use for something else.
        JobNotFoundError: there is no such job, and no rows were given.
        StoppedError: the run ended early; what was done is in the database.
    """
    run = DaskRun.of(dask_client, client, journal, connect=connect, lease=lease, on_progress=on_progress)
    await run.check_workers()
    if rows is not None:
        await submit_job(
            client, rows, journal=run.url, options=options, roster_options=roster_options,
            makes_passwords=makes_passwords, shard_rows=shard_rows,
        )  # fmt: skip
    return await run.run()
