"""The Dask cluster of `--dask`: one that is there, or one of this machine that lasts as long as the run."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

from attrs import frozen

from coggno import AsyncCoggno, ConfigurationError
from coggno.cli.exit_codes import CommandError
from coggno.cli.settings.account import Account, find_account
from coggno.provisioning import DaskError
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.on_dask import Connect, from_environment
from coggno.provisioning.on_dask.cluster import DaskClient, distributed

LOCAL: Final = "local"
_TIMEOUT: Final = 10  # seconds until a scheduler has replied
_CONNECTIONS: Final = 100  # of the client on a worker; a job says how many rows are in progress at once


@frozen
class DaskAddress:
    """Where a job is carried out.

    Attributes:
        text: address of the scheduler, or `local`.
    """

    text: str

    @property
    def is_local(self) -> bool:
        """Whether the cluster is one of this machine, for this run."""
        return self.text == LOCAL

    def connect(self, account: Account) -> Connect:
        """Return what makes a client on each worker.

        Args:
            account: of the run. A worker looks for the key of the same profile on its own machine.
        """
        if self.is_local or account.profile is None:
            return from_environment
        return partial(client_of_profile, account.profile)

    @asynccontextmanager
    async def client(self, account: Account, url: DatabaseUrl) -> AsyncGenerator[DaskClient]:
        """Yield a client of Dask.

        Args:
            account: of the run; workers of this machine inherit its key.
            url: of the job; workers of this machine inherit its password.

        Raises:
            DaskError: the extra is missing, or the scheduler cannot be reached.
        """
        package = distributed()
        # What it logs about workers that come and go would be drawn into the bar; what matters is raised.
        for name in ("distributed", "distributed.client", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        if self.is_local:
            with _inherited({"COGGNO_API_KEY": account.key, "PGPASSWORD": url.password}):
                async with (
                    package.LocalCluster(**_LOCAL_OPTIONS) as cluster,
                    package.Client(cluster, asynchronous=True, set_as_default=False) as client,
                ):
                    yield client
            return
        client = package.Client(self.text, asynchronous=True, set_as_default=False, timeout=_TIMEOUT)
        try:
            await client
        except (OSError, TimeoutError, ValueError):
            await client.close()
            raise DaskError(
                f"The Dask scheduler {self.text} cannot be reached. Start one with `dask scheduler`, or let the "
                "command start a cluster on this machine: --dask local"
            ) from None
        async with client:
            yield client


_LOCAL_OPTIONS: Final[Mapping[str, Any]] = {
    "asynchronous": True,
    "n_workers": os.cpu_count(),
    "threads_per_worker": 1,
    "host": "127.0.0.1",
    # Without its pages, which anybody on this machine could open; the usual port may be in use.
    "dashboard_address": "127.0.0.1:0",
    "scheduler_kwargs": {"dashboard": False},
    "preload": ["coggno.cli.jobs.dask_preload"],
    "silence_logs": logging.CRITICAL,
}


def client_of_profile(profile: str, *, base_url: str, lms: str | None) -> AsyncCoggno:
    """Return a client with the key of a profile on the machine of a worker.

    Args:
        profile: name of the profile.
        base_url: address of the API.
        lms: id of the connected company, if the job is for one.

    Raises:
        ConfigurationError: there is no such profile there, or it has no key.
    """
    try:
        key = find_account(profile=profile, base_url=base_url, company=lms).key
    except CommandError as error:
        raise ConfigurationError(str(error)) from None
    return AsyncCoggno(key, base_url=base_url, lms=lms, max_connections=_CONNECTIONS)


@contextmanager
def _inherited(variables: Mapping[str, str | None]) -> Generator[None]:
    """Set variables of the environment, which processes that are started meanwhile inherit."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before, removes=True)


def _set(variables: Mapping[str, str | None], *, removes: bool = False) -> None:
    for name, value in variables.items():
        if value is not None:
            os.environ[name] = value
        elif removes:
            os.environ.pop(name, None)
