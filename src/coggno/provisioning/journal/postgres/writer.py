"""The one task that uses the connection of a journal in PostgreSQL: all who wait at a time share one commit."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.batch import Batch, resolve, set_result
from coggno.provisioning.journal.postgres import driver
from coggno.provisioning.journal.postgres.driver import Database, JournalLostError
from coggno.provisioning.journal.postgres.group_locks import GroupLocks
from coggno.provisioning.journal.postgres.lease import Lease
from coggno.provisioning.journal.postgres.statements import JournalTables
from coggno.provisioning.outcomes import Waiting

T = TypeVar("T")
_DELAY: Final = 0.05  # seconds that notes wait for an intent to share its commit
_SLICE: Final = 0.5  # seconds; a pause is slept in slices, so that the end of the run is noticed soon
_LONGEST_PAUSE: Final = 5.0  # seconds between two attempts to connect
_LAST_WAIT: Final = 5.0  # seconds that a run which ends waits for a database that is gone


class PostgresWriter:
    """Commits what is noted, reads between commits, renews the lease, and waits for a database that is gone.

    Args:
        connection: on which the lease was taken.
        lease: the right to write.
        patience: seconds without the database after which the journal cannot be used any more.
        settle_time: seconds until a group in doubt of another run counts as not created.
        clock: seconds that only grow, also while the machine is busy with something else.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        connection: Database,
        lease: Lease,
        *,
        patience: float,
        settle_time: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self.tables = JournalTables(lease.journal)
        self.waiting: Waiting | None = None
        self._connection: Database | None = connection
        self._lease = lease
        self._locks = GroupLocks(lease, settle_time)
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._batch = Batch()
        self._is_closing = False
        self._failure: JournalError | None = None
        self._valid_until = clock() + lease.seconds
        self._gone_since: float | None = None
        self._task = asyncio.create_task(self._run(), name="coggno-journal")

    @property
    def has_failed(self) -> bool:
        """Whether nothing more can be written."""
        return self._failure is not None

    def note(self, add: Callable[[Batch], None]) -> None:
        """Add notes to the next commit; after a failure they are lost, which the next run finds out.

        Args:
            add: adds them to a batch.
        """
        if self._failure is not None:
            return
        is_first = not self._batch.has_notes
        add(self._batch)
        if is_first:
            self._changed.set()

    async def commit(self, add: Callable[[Batch], None]) -> None:
        """Add notes, and return when they are safe and the lease is still valid.

        Args:
            add: adds them to a batch.

        Raises:
            JournalError: they cannot be written.
        """

        def add_both(batch: Batch, future: asyncio.Future[Any]) -> None:
            add(batch)
            batch.waiting.append(future)

        await self._queue(add_both)
        # The machine may have been asleep since the commit, and another run may have begun: nothing may be sent then.
        while self._clock() >= self._valid_until:
            await self._queue(lambda batch, future: batch.waiting.append(future))

    async def call(self, function: Callable[[Database], Awaitable[T]]) -> T:
        """Use the connection, in a transaction, after everything that was noted so far is written.

        Args:
            function: called again if the connection is lost meanwhile.

        Raises:
            JournalError: it failed.
        """
        result: T = await self._queue(lambda batch, future: batch.calls.append((function, future)))
        return result

    async def lock_groups(self, scope: str) -> bool:
        """Return whether this run may create groups now; `unlock_groups` gives the right up.

        Args:
            scope: address and company.

        Raises:
            JournalError: that cannot be found out.
        """
        is_ours = await self.call(lambda connection: self._locks.take(connection, scope))
        if is_ours:
            self._locks.held.add(scope)
        return is_ours

    def unlock_groups(self, scope: str) -> None:
        """Let the next run create groups, with the next commit."""
        self._locks.held.discard(scope)
        if self._failure is None and not self._is_closing:
            # Nobody waits for it: a run that is stopped while the database is gone ends all the same.
            ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            ended.add_done_callback(lambda future: future.cancelled() or future.exception())
            self._batch.calls.append((lambda connection: self._locks.release(connection, scope), ended))
            self._changed.set()

    async def close(self) -> None:
        """Commit what was noted, give the lease back, and end the task."""
        self._is_closing = True
        self._changed.set()
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        finally:
            # Not in the task: it may have failed, or have been cancelled.
            await self._disconnect()

    async def _queue(self, add: Callable[[Batch, asyncio.Future[Any]], None]) -> Any:
        if self._failure is not None:
            raise JournalError(*self._failure.args)
        if self._is_closing:
            raise JournalError("The journal is closed.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        add(self._batch, future)
        self._changed.set()
        return await future

    async def _run(self) -> None:
        try:
            while (batch := await self._next()) is not None:
                await self._carry_out(batch)
            await self._transaction(self._lease.release)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must know
            self._fail(error)

    async def _next(self) -> Batch | None:
        """Return the next batch when somebody waits for it, or when it has waited long enough itself."""
        while not (self._batch.is_urgent or self._is_closing):
            self._changed.clear()
            # An empty batch renews the lease.
            seconds = _DELAY if self._batch.has_notes else self._lease.seconds / 3
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                break
        batch, self._batch = self._batch, Batch()
        return batch if batch.is_urgent or batch.has_notes or not self._is_closing else None

    async def _carry_out(self, batch: Batch) -> None:
        waiting = [*batch.waiting, *(future for _, future in batch.calls)]
        try:
            await self._transaction(lambda connection: self.tables.write(connection, batch))
            resolve(batch.waiting, None)
            for function, future in batch.calls:
                await self._carry_out_call(function, future)
        except Exception as error:
            resolve(waiting, driver.unusable(self._lease.url, error))
            raise

    async def _carry_out_call(
        self, function: Callable[[Database], Awaitable[Any]], future: asyncio.Future[Any]
    ) -> None:
        result, failure = None, None
        try:
            result = await self._transaction(function)
        except JournalLostError:
            raise
        except Exception as error:  # noqa: BLE001 - raised in the task that has asked for it
            failure = driver.unusable(self._lease.url, error)
        set_result(future, result, failure)

    async def _transaction(self, function: Callable[[Database], Awaitable[T]]) -> T:
        """Carry out a function in a transaction of this lease, again if the connection is lost meanwhile.

        Raises:
            JournalLostError: another run has taken the journal, or the patience has ended.
            psycopg.Error: the function does something that the database refuses.
        """
        while True:
            try:
                result = await self._attempt(function)
            except Exception as error:
                if not driver.is_outage(error):
                    raise
                await self._disconnect()
                await self._wait(error)
            else:
                self._gone_since = self.waiting = None
                return result

    async def _attempt(self, function: Callable[[Database], Awaitable[T]]) -> T:
        if self._connection is None:
            self._connection = await driver.connect(self._lease.url)
        began = self._clock()
        async with self._connection.transaction():
            await self._lease.renew(self._connection)
            await self._locks.check(self._connection)
            result = await function(self._connection)
        # From before the commit on: the database counts from a moment in between.
        self._valid_until = began + self._lease.seconds
        return result

    async def _wait(self, error: Exception) -> None:
        """Wait before the next attempt.

        Raises:
            JournalLostError: the patience has ended.
        """
        now, reason = self._clock(), driver.reason_of(self._lease.url, error)
        if self._gone_since is None:
            self._gone_since = now
            self.waiting = Waiting(since=time.time(), reason="the database of the journal to respond again")
            return  # a connection that is lost can mostly be made anew at once
        end = now + min(_LONGEST_PAUSE, max(_SLICE, (now - self._gone_since) / 4))
        while (now := self._clock()) < end:
            gone = now - self._gone_since
            if gone >= (min(_LAST_WAIT, self._patience) if self._is_closing else self._patience):
                message = f"The database of the journal {self._lease.url} has not responded for {gone:.0f} seconds"
                raise JournalLostError(f"{message} ({reason}).")
            await self._sleep(_SLICE)

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close()

    def _fail(self, error: Exception) -> None:
        """Refuse everything from now on: a journal that missed a note must not vouch for the next one."""
        self._failure = driver.unusable(self._lease.url, error)
        batch, self._batch = self._batch, Batch()
        resolve([*batch.waiting, *(future for _, future in batch.calls)], self._failure)
