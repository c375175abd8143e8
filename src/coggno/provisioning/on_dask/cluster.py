"""A client of Dask, asynchronous or not, as one kind of object: what its workers have, and what becomes of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Protocol

from attrs import frozen

from coggno._version import __version__
from coggno.errors import CoggnoError
from coggno.provisioning.errors import DaskError

_LONGEST_REPLY: Final = 30.0  # seconds; a worker that is busy with other people's tasks replies late


class DaskClient(Protocol):
    """What is used of `distributed.Client`, of which the package says little about types."""

    @property
    def asynchronous(self) -> bool:
        """Whether its methods are awaited."""
        ...

    @property
    def status(self) -> str:
        """`running` while there is a connection to the scheduler."""
        ...

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Return the future of a task."""
        ...

    def cancel(self, futures: Any, /) -> Any:
        """Let no task of these begin."""
        ...

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call a function on every worker at once, beside its tasks."""
        ...

    def nthreads(self) -> Any:
        """Return the workers and how many tasks each carries out at a time."""
        ...


@frozen
class Cluster:
    """A cluster of Dask.

    Attributes:
        client: connected to its scheduler.
    """

    client: DaskClient

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the scheduler."""
        return self.client.status == "running"

    async def has_workers(self) -> bool:
        """Return whether there are workers; so it seems while the connection to the scheduler is lost."""
        try:
            return bool(await self.call(self.client.nthreads))
        except OSError:
            # Lost a moment ago: Dask notices it for itself, and ends the tasks.
            return True

    async def check(self, function: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Return if no worker of the cluster raises an error; a cluster may have none yet.

        Args:
            function: of this package.
            arguments: of the function; they are shown in logs.

        Raises:
            DaskError: a worker does not have this version of the package, or the function raised an error there.
        """
        # By a function of Python itself: one of this package could not even be received where that is missing.
        versions = await self._run(import_module("pkgutil").resolve_name, "coggno:__version__")
        for worker, version in versions.items():
            if isinstance(version, Exception):
                raise DaskError(_without_package(worker))
            if version != __version__:
                raise DaskError(
                    f"The Dask worker {worker} has coggno {version}, and this is {__version__}. Install {__version__} "
                    "there."
                )
        for worker, error in (await self._run(function, *arguments)).items():
            if isinstance(error, Exception):
                raise error if isinstance(error, CoggnoError) else DaskError(_failed(worker, error))

    async def run_everywhere(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function on every worker, whatever becomes of it."""
        await self._run(function, *arguments)

    async def error_of(self, future: Any) -> Exception:
        """Return why a task has failed, as an error that says what to do.

        Args:
            future: of the task.
        """
        error: Exception = await self.call(future.exception)
        if isinstance(error, CoggnoError) or is_lost(error):
            return error
        if isinstance(error, ImportError):
            return DaskError(_without_package("that had the task"))
        return DaskError(_failed("that had the task", error))

    async def call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a method of Dask that may take its time, and return the result."""
        if self.client.asynchronous:
            return await method(*arguments, **named)
        return await asyncio.to_thread(method, *arguments, **named)

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_LONGEST_REPLY):
                replies = await self.call(self.client.run, function, *arguments, on_error="return")
        except TimeoutError:
            raise DaskError(f"The Dask workers have not replied within {_LONGEST_REPLY:.0f} seconds.") from None
        # Older versions leave out workers that have gone meanwhile, newer ones return their error.
        return {worker: reply for worker, reply in replies.items() if not isinstance(reply, OSError)}


def distributed() -> ModuleType:
    """Return the package of Dask, which takes a second to import.

    Raises:
        DaskError: it is not installed.
    """
    try:
        return import_module("distributed")
    except ImportError:
        raise DaskError("To use Dask, install the extra: pip install 'coggno[dask,postgres]'") from None


def is_lost(error: object) -> bool:
    """Return whether a task has failed because the workers that had it died, several times."""
    return type(error).__name__ == "KilledWorker"


def _without_package(worker: str) -> str:
    return f"The Dask worker {worker} does not have this package. Install it there: pip install 'coggno[dask,postgres]'"


def _failed(worker: str, error: object) -> str:
    # Not its text: whoever wrote that need not have left out secrets.
    return f"A task failed on the Dask worker {worker}: {type(error).__name__}. The log of the worker says why."
