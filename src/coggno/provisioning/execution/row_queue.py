"""Which row is worked on next: those that are due again come first, then fresh ones, as many as may be open."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
_SLICE: Final = 1.0  # seconds; a pause is slept in slices, so that a stop is noticed soon


class RowQueue(Generic[T]):
    """Rows to work on. A row is open from `get` until it is put back, or its result has been taken.

    Args:
        windows: fresh rows, some at a time; the next window is read when the last one is used up.
        capacity: how many may be open: results that nobody takes hold the run back.
        most_waiting: how many may wait to be worked on again before fresh rows are held back. In an outage more would
            only be left in doubt.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        windows: AsyncIterator[Sequence[T]],
        *,
        capacity: int,
        most_waiting: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[Any]],
    ) -> None:
        self._windows = windows
        self._fresh: deque[T] = deque()
        self._has_more = True
        self._is_reading = False
        self._capacity = capacity
        self._most_waiting = most_waiting
        self._clock = clock
        self._sleep = sleep
        self._waiting: list[tuple[float, int, T]] = []
        # Breaks ties between rows that are due at the same time: rows themselves cannot be compared.
        self._numbers = count()
        self._aside: list[T] = []
        self._parked: list[T] = []
        self._in_progress = 0
        self._open = 0
        self._changed = asyncio.Event()
        self._is_hurried = False

    async def get(self) -> T | None:
        """Return the next row, waiting until there is one; `None` when all have ended."""
        while True:
            row = self._next()
            if row is not None:
                self._open += 1
                self._in_progress += 1
                return row
            if self._is_finished:
                return None
            if self._wants_more:
                await self._read_window()
            elif self._waiting and self._has_room:
                await self._sleep(min(_SLICE, self._waiting[0][0] - self._clock()))
            else:
                self._changed.clear()
                await self._changed.wait()

    def put_back(self, row: T, *, pause: float) -> None:
        """Work on a row again.

        Args:
            row: which one.
            pause: seconds until then.
        """
        self._in_progress -= 1
        self._open -= 1
        heappush(self._waiting, (self._clock() + pause, next(self._numbers), row))
        self._wake()

    def set_aside(self, row: T) -> None:
        """Work on a row once more when all others have ended."""
        self._in_progress -= 1
        self._open -= 1
        self._aside.append(row)
        self._wake()

    def park(self, row: T) -> None:
        """Work on a row again after the next `unpark`."""
        self._in_progress -= 1
        self._open -= 1
        self._parked.append(row)
        self._wake()

    def unpark(self) -> None:
        """Let the parked rows be worked on now."""
        for row in self._parked:
            heappush(self._waiting, (self._clock(), next(self._numbers), row))
        self._parked.clear()
        self._wake()

    def ended(self) -> None:
        """Note that a row has its result."""
        self._in_progress -= 1
        self._wake()

    def taken(self) -> None:
        """Note that the result of a row was taken."""
        self._open -= 1
        self._wake()

    def hurry(self) -> None:
        """Let no row wait any longer, as the run stops."""
        self._is_hurried = True
        self.unpark()

    def unfinished(self) -> Iterator[T]:
        """Yield the rows that wait to be worked on again, those that were set aside, and those not begun."""
        yield from (row for _, _, row in self._waiting)
        yield from self._parked
        yield from self._aside
        yield from self._fresh

    @property
    def _has_room(self) -> bool:
        return self._open < self._capacity or self._is_hurried

    @property
    def _is_finished(self) -> bool:
        return not (self._has_fresh or self._waiting or self._parked or self._in_progress or self._aside)

    @property
    def _has_fresh(self) -> bool:
        return bool(self._fresh) or self._has_more

    @property
    def _wants_more(self) -> bool:
        is_needed = self._has_more and not self._fresh and not self._is_reading
        return is_needed and self._has_room and self._accepts_fresh

    @property
    def _accepts_fresh(self) -> bool:
        return len(self._waiting) + len(self._parked) < self._most_waiting or self._is_hurried

    async def _read_window(self) -> None:
        self._is_reading = True
        try:
            window = await anext(self._windows, None)
            if window is None:
                self._has_more = False
            else:
                self._fresh.extend(window)
        finally:
            self._is_reading = False
            self._wake()

    def _next(self) -> T | None:
        """Return a row that can be worked on now, if there is one."""
        if not self._has_room:
            return None
        if self._waiting and (self._is_hurried or self._waiting[0][0] <= self._clock()):
            return heappop(self._waiting)[2]
        if self._fresh and self._accepts_fresh:
            return self._fresh.popleft()
        if self._aside and not (self._has_fresh or self._waiting or self._parked or self._in_progress):
            for aside in self._aside:
                heappush(self._waiting, (self._clock(), next(self._numbers), aside))
            self._aside.clear()
            return heappop(self._waiting)[2]
        return None

    def _wake(self) -> None:
        self._changed.set()
