"""The one thread that uses the connection of a SQLite journal: all who wait at a time share one commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import schema, tables
from coggno.provisioning.journal.batch import Batch, call_in, resolve, set_result

T = TypeVar("T")
_DELAY: Final = 0.05  # seconds that notes wait for an intent to share its commit


class JournalWriter:
    """Commits what is noted, and reads between commits.

    `synchronous=FULL` makes every commit wait for the disk. While it does, the notes of all tasks gather in the next
    batch, so fifty rows in progress cost as many commits as one.

    Args:
        open_connection: opens the database; called in the thread.
        describe: turns an exception of SQLite into a `JournalError`.
    """

    def __init__(
        self, open_connection: Callable[[], sqlite3.Connection], describe: Callable[[Exception], JournalError]
    ) -> None:
        self._open_connection = open_connection
        self._describe = describe
        self._changed = threading.Condition()
        self._batch = Batch()
        self._is_closing = False
        self._failure: JournalError | None = None
        # A daemon: a program that never closes its journal ends all the same; what was not committed is found out.
        self._thread = threading.Thread(target=self._run, name="coggno-journal", daemon=True)
        self._thread.start()

    def note(self, add: Callable[[Batch], None]) -> None:
        """Add notes to the next commit; after a failure they are lost, which the next run finds out.

        Args:
            add: adds them to a batch.
        """
        with self._changed:
            if self._failure is not None:
                return
            is_first = not self._batch.has_notes
            add(self._batch)
            if is_first:
                self._changed.notify()

    async def commit(self, add: Callable[[Batch], None]) -> None:
        """Add notes, and return when they are safe.

        Args:
            add: adds them to a batch.

        Raises:
            JournalError: they cannot be written.
        """

        def add_both(batch: Batch, future: asyncio.Future[Any]) -> None:
            add(batch)
            batch.waiting.append(future)

        await self._queue(add_both)

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Use the connection after everything that was noted so far is written.

        Args:
            function: called in the thread.

        Raises:
            JournalError: it failed.
        """
        result: T = await self._queue(lambda batch, future: batch.calls.append((function, future)))
        return result

    async def close(self) -> None:
        """Commit what was noted, and end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    async def _queue(self, add: Callable[[Batch, asyncio.Future[Any]], None]) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        with self._changed:
            if self._failure is not None:
                raise JournalError(*self._failure.args)
            if self._is_closing:
                raise JournalError("The journal is closed.")
            add(self._batch, future)
            self._changed.notify()
        return await future

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            connection = self._open_connection()
            while (batch := self._next()) is not None:
                self._carry_out(connection, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must get it
            self._fail(error)
        finally:
            if connection is not None:
                schema.put_away(connection)

    def _next(self) -> Batch | None:
        """Return the next batch when somebody waits for it, or when it has waited long enough itself."""
        with self._changed:
            while not (self._batch.is_urgent or self._is_closing):
                if not self._changed.wait(_DELAY if self._batch.has_notes else None):
                    break
            batch, self._batch = self._batch, Batch()
        return batch if batch.is_urgent or batch.has_notes or not self._is_closing else None

    def _carry_out(self, connection: sqlite3.Connection, batch: Batch) -> None:
        try:
            if batch.has_notes:
                tables.write_batch(connection, batch)
        except Exception as error:
            resolve([*batch.waiting, *(future for _, future in batch.calls)], self._describe(error))
            raise
        resolve(batch.waiting, None)
        for function, future in batch.calls:
            result, failure = self._attempt(function, connection)
            call_in(future.get_loop(), set_result, future, result, failure)

    def _attempt(
        self, function: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection
    ) -> tuple[Any, Exception | None]:
        try:
            return function(connection), None
        except Exception as error:  # noqa: BLE001 - raised in the task that has asked for it
            return None, self._describe(error)

    def _fail(self, error: Exception) -> None:
        """Refuse everything from now on: a journal that missed a note must not vouch for the next one."""
        with self._changed:
            self._failure = self._describe(error)
            batch, self._batch = self._batch, Batch()
        resolve([*batch.waiting, *(future for _, future in batch.calls)], self._failure)
