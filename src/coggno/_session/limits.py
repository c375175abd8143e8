"""Time limits of attempts, with one timer for all of them."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Final, Self

from coggno._engines.base import EngineRequest
from coggno._engines.calls import TaskScope
from coggno.errors import APITimeoutError, Outcome

_NEVER: Final = math.inf


class TimeLimits:
    """Ends attempts when their time is over.

    asyncio keeps a cancelled timer until it would have run out, three minutes for an attempt, and sorts it with all
    others: a timer for each was a tenth of the time of a fast call.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[TimeLimit] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._next = _NEVER

    def begin(self, limit: TimeLimit, seconds: float) -> None:
        """Strike `limit` in so many seconds, unless it has ended by then."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            if self._loop is not None and not self._loop.is_closed():
                return  # the engine refuses a call from a second event loop at once
            # Tasks and timers of an event loop that has ended cannot go on.
            self._loop, self._timer, self._next = loop, None, _NEVER
            self._running.clear()
        limit.end = loop.time() + seconds
        self._running.add(limit)
        if limit.end < self._next:
            self._set_timer(loop, limit.end)

    def finish(self, limit: TimeLimit) -> None:
        """Forget `limit`. The timer stays: the next attempt needs it."""
        self._running.discard(limit)

    def _set_timer(self, loop: asyncio.AbstractEventLoop, end: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = end
        self._timer = loop.call_at(end, self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        expired = [limit for limit in self._running if limit.end <= self._next]
        self._timer, self._next = None, _NEVER
        for limit in expired:
            self._running.discard(limit)
            limit.strike()
        if self._running:
            self._set_timer(loop, min(limit.end for limit in self._running))


class TimeLimit(TaskScope):
    """Ends a block of code, which sends a request, after some time.

    Args:
        limits: those of the client.
        seconds: the time; `None` for no limit.
        request: what is sent.

    Raises:
        APITimeoutError: the time is over.
    """

    __slots__ = ("_limits", "_request", "_seconds", "end")

    def __init__(self, limits: TimeLimits, seconds: float | None, request: EngineRequest) -> None:
        super().__init__()
        self.end = _NEVER
        self._limits = limits
        self._seconds = seconds
        self._request = request

    def __enter__(self) -> Self:
        if self._seconds is not None:
            self._limits.begin(self, self._seconds)
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.finish(self)
        super().__exit__(kind, error, trace)

    def reason(self) -> Exception:
        # The engine knows whether a byte has left: waiting for a free connection is no doubt.
        outcome: Outcome = "unknown" if self._request.sent else "not_sent"
        return APITimeoutError(f"no complete response within {self._seconds:.3g} s", outcome=outcome)
