"""Requests per second at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from attrs import define


@define
class RateLimiter:
    """Spaces requests evenly: the generic cell rate algorithm (ITU-T I.371) without a burst.

    Attributes:
        rate: requests per second; `None` for no limit.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    rate: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float = float("-inf")

    async def acquire(self, requests: int = 1) -> None:
        """Return when the next request may be sent.

        Args:
            requests: how many requests the call sends; the calls after it wait for all of them.
        """
        if self.rate is None:
            return
        now = self.clock()
        begin = max(now, self._next)
        # Reserved before waiting, so that callers that wait at the same time get one time each.
        self._next = begin + requests / self.rate
        if begin > now:
            await self.sleep(begin - now)

    def charge(self, requests: int) -> None:
        """Count requests that were sent without `acquire`, such as retries; the next ones wait for longer."""
        if self.rate is not None:
            self._next = max(self.clock(), self._next) + requests / self.rate
