"""Requests per second: no more than the caller allows, and no more than the server has been found to accept."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import define

_SAFETY: Final = 0.9  # of the rate that the server accepted is used after a refusal
_LEAST: Final = 0.5  # requests per second that are always tried
_DEFAULT_PAUSE: Final = 1.0  # seconds after a refusal without Retry-After
_MEASURED: Final = 1.0  # seconds of requests from which on a rate is known well
_CAUTION: Final = 0.7  # of the learnt rate is used when it is refused before anything could be measured
_GROWTH: Final = 0.01  # per second: the server may accept more by now
_FAST_GROWTH: Final = 0.2  # per second, while the rate is only guessed


@define
class RateLimiter:
    """Spaces requests evenly: the generic cell rate algorithm (ITU-T I.371) without a burst.

    A refusal (429) holds back all requests until the server's `Retry-After`, and teaches the rate: the requests that
    were accepted before it, per second, less a tenth. From there it grows slowly, as long as nothing is refused.

    Attributes:
        rate: requests per second that the caller allows; `None` for no limit.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    rate: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float = float("-inf")
    _not_before: float = float("-inf")
    _learnt: float | None = None
    _learnt_at: float = 0.0
    _growth: float = _GROWTH
    _since: float | None = None
    """Since when requests have been accepted without a refusal."""
    _accepted: int = 0

    async def acquire(self, requests: int = 1) -> None:
        """Return when the next request may be sent.

        Args:
            requests: how many requests the call sends; the calls after it wait for all of them.
        """
        rate = self.current_rate
        now = self.clock()
        begin = max(now, self._next, self._not_before)
        # Reserved before waiting, so that callers that wait at the same time get one time each.
        self._next = begin if rate is None else begin + requests / rate
        if begin > now:
            await self.sleep(begin - now)
        # A refusal in the meantime holds back those that were waiting as well.
        while (pause := self._not_before - self.clock()) > 0:
            await self.sleep(pause)

    def charge(self, requests: int) -> None:
        """Count requests that were sent without `acquire`, such as retries; the next ones wait for longer."""
        rate = self.current_rate
        if rate is not None and requests > 0:
            self._next = max(self.clock(), self._next) + requests / rate

    def accepted(self) -> None:
        """Note that the server has accepted a request."""
        if self._since is None:
            self._since = self.clock()
        self._accepted += 1

    def refused(self, retry_after: float | None) -> None:
        """Note that the server has refused a request because there were too many.

        Args:
            retry_after: seconds that the server asks to wait, if it does.
        """
        now = self.clock()
        # Requests that were in progress at the first refusal are refused as well: they teach nothing new.
        if now < self._not_before:
            return
        elapsed = now - self._since if self._since is not None else 0.0
        accepted = self._accepted / max(elapsed, _MEASURED)
        before = self.current_rate
        if before is None:
            rate = _SAFETY * accepted
        elif self._learnt is not None and elapsed < _MEASURED:
            # Such as a response that was on its way: two accepted requests do not mean two requests a second.
            rate = _CAUTION * before
        else:
            rate = _SAFETY * min(accepted, before)
        self._learnt = max(_LEAST, rate)
        self._growth = _GROWTH if elapsed >= _MEASURED else _FAST_GROWTH
        self._not_before = now + (_DEFAULT_PAUSE if retry_after is None else retry_after)
        self._learnt_at = self._not_before
        self._next = max(self._next, self._not_before)
        self._since, self._accepted = None, 0

    @property
    def current_rate(self) -> float | None:
        """Requests per second that may be sent now; `None` for no limit."""
        if self._learnt is None:
            return self.rate
        seconds = max(0.0, self.clock() - self._learnt_at)
        learnt = self._learnt * math.pow(1.0 + self._growth, min(seconds, 3600.0))
        return learnt if self.rate is None else min(learnt, self.rate)

    @property
    def pause(self) -> float:
        """Seconds for which the server does not want requests."""
        return max(0.0, self._not_before - self.clock())
