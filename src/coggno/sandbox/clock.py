"""Time as the sandbox sees it: real, or moved by hand so that a test never sleeps. Leaf."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic time in seconds, and a way to wait for it."""

    def now(self) -> float:
        """Return the time in seconds since some fixed moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class RealClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` for real."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved.

    `sleep` never waits: it moves the clock to the moment the sleeper wanted, and lets other tasks run once.
    Sleepers that start together therefore wake together, as they would in real time.

    Args:
        start: the first time it shows, in seconds.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time it was moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        """Move the clock to `seconds` from now and return."""
        due = self._now + seconds
        # Whoever starts to sleep in the meantime must still start from the old time.
        # One turn of the loop, so that tasks which were started together all compute their times first.
        await asyncio.sleep(0)
        self._now = max(self._now, due)
