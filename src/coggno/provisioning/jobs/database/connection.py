"""The connection of a worker to its database, beside those of the journals; it waits for a database that is gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from attrs import define, field

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.journal.postgres import driver, schema
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.outcomes import Waiting

T = TypeVar("T")
_LONGEST_PAUSE: Final = 5.0  # seconds between two attempts to connect


@define
class WorkerDatabase:
    """One connection, used by one task at a time.

    Attributes:
        url: of any journal in the database.
        patience: seconds that the database may be gone.
        sleep: waits for so many seconds.
        clock: seconds that only grow.
        on_wait: called with what it waits for, before each attempt to connect again.
        waiting: since when it waits for the database; `None` while it does not.
    """

    url: DatabaseUrl
    patience: float
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    on_wait: Callable[[str], None] = lambda _: None
    waiting: Waiting | None = None
    _connection: Database | None = None
    _lock: asyncio.Lock = field(factory=asyncio.Lock)

    async def open(self) -> None:
        """Connect, and create the tables if there are none.

        Raises:
            JournalError: the database cannot be used; at the beginning, nobody waits for one that is gone.
        """
        try:
            async with self._lock:  # a liveness check may come meanwhile
                self._connection = await driver.connect(self.url)
                await schema.prepare(self._connection, self.url)
        except Exception as error:
            await self.close()
            if driver.is_of_database(error):
                raise driver.unusable(self.url, error) from None
            raise

    async def call(self, function: Callable[[Database], Awaitable[T]]) -> T:
        """Do something in a transaction; again from its beginning if the connection is lost meanwhile.

        Raises:
            JournalError: it failed, or the database is gone for longer than the patience.
        """
        since: float | None = None
        while True:
            try:
                result = await self._attempt(function)
            except Exception as error:
                if not driver.is_of_database(error):
                    raise
                if not driver.is_outage(error):
                    raise driver.unusable(self.url, error) from None
                since = self.clock() if since is None else since
                await self._wait(self.clock() - since, error)
            else:
                self.waiting = None
                return result

    async def attempt(self, function: Callable[[Database], Awaitable[T]]) -> T | None:
        """Do something in a transaction, or nothing if the database cannot be used now."""
        try:
            return await self._attempt(function)
        except Exception:  # noqa: BLE001 - what must be done is done by `call`
            return None

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close()

    async def _attempt(self, function: Callable[[Database], Awaitable[T]]) -> T:
        async with self._lock:
            try:
                if self._connection is None:
                    self._connection = await driver.connect(self.url)
                async with self._connection.transaction():
                    return await function(self._connection)
            except BaseException:
                # After a cancellation as well: what the server sends next would belong to the statement before.
                await self.close()
                raise

    async def _wait(self, seconds: float, error: Exception) -> None:
        """Wait before the next attempt.

        Raises:
            JournalError: the patience has ended.
        """
        if seconds >= self.patience:
            reason = driver.reason_of(self.url, error)
            raise JournalError(f"The database {self.url} has not responded for {seconds:.0f} seconds ({reason}).")
        self.waiting = self.waiting or Waiting(since=time.time(), reason="the database to respond again")
        self.on_wait(self.waiting.reason)
        await self.sleep(min(_LONGEST_PAUSE, 0.5 + seconds / 4))
