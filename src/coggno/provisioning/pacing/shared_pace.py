"""One pace for all workers: exchanges what each has found out, about once a second and whenever slots are wanted."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from coggno.provisioning.errors import JournalError
from coggno.provisioning.pacing.shared_circuit import SharedCircuit
from coggno.provisioning.pacing.shared_limiter import SharedLimiter
from coggno.provisioning.pacing.store import PaceStore

_INTERVAL: Final = 1.0  # seconds between two exchanges when nothing is wanted
_LONGEST_PAUSE: Final = 5.0  # seconds between two attempts while the store is gone
_FIRST_PAUSE: Final = 0.1


class SharedPace:
    """What this worker may send, as part of what all workers together may.

    The first request starts a task, which `close` ends. While the store is gone no request is let through; when it is
    gone for longer than the patience, those that wait fail.

    Args:
        store: keeps the pace.
        rate: requests per second of all workers that the caller allows; `None` for no limit.
        patience: seconds that the store may be gone.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        store: PaceStore,
        *,
        rate: float | None,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self.limiter = SharedLimiter(rate, clock, sleep, self._wake)
        self.circuit = SharedCircuit(clock, self._wake)
        self._store = store
        self._patience = patience
        self._clock = clock
        self._changed = asyncio.Event()
        self._next = -math.inf
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def has_failed(self) -> bool:
        """Whether it lets nothing through any more, since the store was gone for too long."""
        return self._task is not None and self._task.done()

    @property
    def seconds_until_needed(self) -> float:
        """Seconds until the next exchange."""
        regular = max(0.0, self._next - self._clock())
        return min(regular, self.limiter.seconds_until_needed, self.circuit.seconds_until_needed)

    async def exchange(self) -> None:
        """Report what this worker has found out, and take over what all have.

        Raises:
            ConnectionError: that is not possible now.
            JournalError: it will not be possible.
        """
        began = self._clock()
        report = self.circuit.add_to(self.limiter.report())
        state = await self._store.exchange(report)
        self._next = began + _INTERVAL
        self.circuit.apply(report, state)
        self.limiter.apply(report, state, began)

    async def close(self) -> None:
        """End the task, and give the connection back. A second call does nothing."""
        self._is_closed = True
        self.limiter.fail(JournalError("The journal is closed."))
        self.circuit.release()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._store.close()

    def _wake(self) -> None:
        self._changed.set()
        if self._task is None and not self._is_closed:
            self._task = asyncio.create_task(self._run(), name="coggno-pace")

    async def _run(self) -> None:
        try:
            while True:
                await self._until_needed()
                await self._exchange_patiently()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must know
            failure = error if isinstance(error, JournalError) else JournalError(f"The pace is lost: {error}.")
            self.limiter.fail(failure)
            self.circuit.release()

    async def _until_needed(self) -> None:
        while (seconds := self.seconds_until_needed) > 0:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()

    async def _exchange_patiently(self) -> None:
        """Exchange, as often as it takes.

        Raises:
            JournalError: the patience has ended.
        """
        gone_since, pause = self._clock(), _FIRST_PAUSE
        while True:
            try:
                return await self.exchange()
            except ConnectionError as error:
                gone = self._clock() - gone_since
                if gone >= self._patience:
                    raise JournalError(
                        f"The database that paces the requests has not responded for {gone:.0f} seconds ({error})."
                    ) from None
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)
