"""Requests per second at the most: the generic cell rate algorithm (ITU-T I.371) without a burst."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from attrs import define


@define
class Pace:
    """Spaces requests evenly.

    Attributes:
        rate: requests per second; `None` for as fast as may be.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    rate: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float = float("-inf")

    async def turn(self) -> None:
        """Return when the next request may be sent."""
        if self.rate is None:
            return
        now = self.clock()
        begin = max(now, self._next)
        self._next = begin + 1.0 / self.rate
        if begin > now:
            await self.sleep(begin - now)
