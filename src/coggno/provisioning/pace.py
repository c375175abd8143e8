"""When to hold back: requests per second at the most, and failures at the most."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import define, field

from coggno.errors import ConfigurationError

_WINDOW: Final = 200  # rows over which failures are counted
_MANY_FAILURES: Final = 50  # failures that are not the rows' fault ...
_SHARE: Final = 0.4  # ... and their share in the window: together they stop the run


@define
class RateLimiter:
    """Spaces requests evenly: the generic cell rate algorithm (ITU-T I.371) without a burst.

    Attributes:
        rate: requests per second; `None` for as fast as may be.
        clock: seconds that only grow.
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: the rate is not a positive number.
    """

    rate: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float = float("-inf")
    _granted: int = 0
    """ConnectionQueue whose request has not been seen yet."""

    def __attrs_post_init__(self) -> None:
        if self.rate is not None and not (self.rate > 0 and math.isfinite(self.rate)):
            raise ConfigurationError(f"rate must be a positive number of requests per second, not {self.rate!r}")

    async def turn(self) -> None:
        """Return when the next request may be sent."""
        if self.rate is None:
            return
        now = self.clock()
        begin = max(now, self._next)
        self._next = begin + 1.0 / self.rate
        self._granted += 1
        if begin > now:
            await self.sleep(begin - now)

    def saw_request(self) -> None:
        """Note that a request was sent. One without a turn, such as a retry, makes the next ones wait for longer."""
        if self.rate is None:
            return
        if self._granted:
            self._granted -= 1
        else:
            self._next = max(self.clock(), self._next) + 1.0 / self.rate


@define
class CircuitBreaker:
    """Counts failures that are not the rows' fault among the last rows."""

    _recent: deque[bool] = field(factory=lambda: deque[bool](maxlen=_WINDOW))

    def note(self, *, is_trouble: bool) -> None:
        """Count one row."""
        self._recent.append(is_trouble)

    @property
    def is_open(self) -> bool:
        """Whether they are too many: `_MANY_FAILURES`, and more than `_SHARE` of the last `_WINDOW` rows."""
        failures = sum(self._recent)
        return failures >= _MANY_FAILURES and failures > _SHARE * len(self._recent)
