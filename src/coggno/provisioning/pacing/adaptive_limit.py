"""How many requests may be in progress at once: as many as the server takes without slowing down."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from attrs import define, field

_FIRST_LEVEL: Final = 4.0
_SLOW: Final = 2.0  # seconds of a round trip from which on the server counts as overloaded
_BACK_OFF: Final = 0.7  # of the level is kept
_INTERVAL: Final = 1.0  # seconds between two reductions: one overload makes many requests fail


@define
class AdaptiveLimit:
    """Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989).

    Each success raises the level by `1 / level` while at least half of it is in use. A slow response or an overload
    reduces it to 70 %, at most once a second. The brake is latency, not loss: a request that times out may have been
    carried out, and finding that out costs more than going slower.

    Attributes:
        maximum: the level is never above it.
        clock: seconds that only grow.
        level: how many requests may be in progress now; fractions add up.
        in_use: how many are.
    """

    maximum: int
    clock: Callable[[], float] = time.monotonic
    level: float = field(init=False)
    in_use: int = 0
    _last_reduction: float = float("-inf")
    _waiters: deque[asyncio.Future[None]] = field(factory=deque["asyncio.Future[None]"])

    def __attrs_post_init__(self) -> None:
        self.level = min(_FIRST_LEVEL, float(self.maximum))

    async def acquire(self) -> None:
        """Wait for one of the slots; call `release` afterwards, whatever happens."""
        if self.in_use < int(self.level) and not self._waiters:
            self.in_use += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.release()  # it got a slot and cannot use it: the next one can
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    def release(self) -> None:
        """Give the slot to whoever has waited longest."""
        self.in_use -= 1
        self._wake()

    def succeeded(self, seconds: float) -> None:
        """Note that a request succeeded.

        Args:
            seconds: its round trip.
        """
        if seconds > _SLOW:
            self.overloaded()
        # A level that is not used says nothing about what the server can take.
        elif 2 * self.in_use >= self.level:
            self.level = min(float(self.maximum), self.level + 1.0 / self.level)
            self._wake()

    def overloaded(self) -> None:
        """Note that a request failed as requests to an overloaded server do."""
        now = self.clock()
        if now - self._last_reduction >= _INTERVAL:
            self._last_reduction = now
            self.level = max(1.0, self.level * _BACK_OFF)

    def restart(self) -> None:
        """Begin from below again, after an outage."""
        self.level = min(_FIRST_LEVEL, self.level)

    def _wake(self) -> None:
        """Give free slots to those that have waited longest.

        The slot is theirs at once: else a task that goes on before they do would take it, again and again.
        """
        while self._waiters and self.in_use < int(self.level):
            waiter = self._waiters.popleft()
            if not waiter.done():
                self.in_use += 1
                waiter.set_result(None)
