"""What a worker of Dask runs: one shard of a job, under the shard's lease, as any worker of the job does.

The arguments of a task are shown on Dask's pages and in its logs: no secret is among them.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from importlib import import_module
from typing import Any, Final, TypeAlias

from attrs import frozen

from coggno._client import Client
from coggno._version import __version__
from coggno.errors import ConfigurationError
from coggno.provisioning.errors import DaskError
from coggno.provisioning.jobs import JobClient, Worker
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.journal.postgres import driver

Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[JobClient]]
"""Makes a client on the machine of a worker, which has the API key: `connect(base_url=..., lms=...)`."""

_STOPS: Final[defaultdict[str, list[Callable[[str], None]]]] = defaultdict(list)
_STOPPED: Final[dict[str, str]] = {}
_LOCK: Final = threading.Lock()  # tasks have a thread each, and Dask's own one stops them


@frozen(kw_only=True)
class TaskSettings:
    """What all tasks of a run have in common.

    Attributes:
        run: names the run; see `stop_run`.
        version: of the package where the run is.
        url: of the job, without a password.
        base_url: address of the API.
        company: id of the connected company, if the job is for one.
        account: what tells the API key of the job from others.
        connect: makes the client.
        lease: seconds after which another worker continues a shard whose worker has died.
    """

    run: str
    version: str
    url: str
    base_url: str
    company: str | None
    account: str
    connect: Connect
    lease: float

    def client(self, worker: str) -> AbstractAsyncContextManager[JobClient]:
        """Return a client on this machine.

        Raises:
            DaskError: there is no key, or another version of the package.
        """
        if self.version != __version__:
            raise DaskError(f"{worker} has coggno {__version__}, and this is {self.version}. Install that there.")
        try:
            return self.connect(base_url=self.base_url, lms=self.company)
        except ConfigurationError as error:
            reason = str(error).rstrip(".")
            raise DaskError(f"{worker} cannot make a client: {reason}. Its own environment counts.") from None


def from_environment(*, base_url: str, lms: str | None) -> Client:
    """Return a client with the key of COGGNO_API_KEY.

    Args:
        base_url: address of the API.
        lms: id of the connected company, if the job is for one.
    """
    return Client(base_url=base_url, lms=lms)


def carry_out_shard(settings: TaskSettings, number: int) -> str | None:
    """Carry out a shard, and return why it ended early; `None` if all its rows are done, whoever has done them.

    Args:
        settings: of the run.
        number: of the shard.

    Raises:
        DaskError: this worker cannot carry out the job.
        JournalError: the database cannot be used from here.
    """
    return asyncio.run(_carry_out(settings, number, _named(import_module("distributed").get_worker())))


async def _carry_out(settings: TaskSettings, number: int, name: str) -> str | None:
    loop = asyncio.get_running_loop()
    async with settings.client(name) as client:
        worker = Worker(client, settings.url, lease=settings.lease)

        def stop(reason: str) -> None:
            loop.call_soon_threadsafe(worker.stop, reason)

        with _stoppable(settings.run, stop) as stopped:
            return stopped or (await worker.run_shard(number)).stopped


async def check_worker(settings: TaskSettings, dask_worker: Any = None) -> None:
    """Return if this worker can carry out a job. Called beside its tasks, on its own event loop.

    Args:
        settings: of the run.
        dask_worker: given by Dask.

    Raises:
        DaskError: it cannot.
    """
    name = _named(dask_worker)
    async with settings.client(name) as client:
        if client.account != settings.account:
            raise DaskError(
                f"{name} has another API key than the one that this job is for. Set the same one there: the passwords "
                "of the job are sealed with it."
            )
    url = DatabaseUrl(settings.url)
    try:
        connection = await driver.connect(url)
    except Exception as error:  # noqa: BLE001 - of the driver, which may be missing
        raise DaskError(f"{name} cannot use the database. {driver.unusable(url, error)}") from None
    await connection.close()


def stop_run(run: str, reason: str) -> None:
    """End the tasks of a run on this worker in order, and let no more begin."""
    with _LOCK:
        _STOPPED[run] = reason
        stops = list(_STOPS[run])
    for stop in stops:
        stop(reason)


@contextmanager
def _stoppable(run: str, stop: Callable[[str], None]) -> Generator[str | None]:
    """Let `stop_run` call `stop` while the context lasts; yield the reason if it was called before."""
    with _LOCK:
        reason = _STOPPED.get(run)
        _STOPS[run].append(stop)
    try:
        yield reason
    finally:
        with _LOCK:
            _STOPS[run].remove(stop)


def _named(dask_worker: Any) -> str:
    return f"The Dask worker {dask_worker.address}"
