"""Ends a run early: nothing more begins, and what is in progress has a few seconds left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from attrs import define, field

GRACE: Final = 4.0  # seconds for requests in progress after `stop`; an interrupted run has to end within 5


class HeldError(Exception):
    """The run was stopped before the first request of something."""


@define
class StopSignal:
    """Whether and why a run ends early.

    Attributes:
        reason: why, if so.
    """

    reason: str | None = None
    _deadline: float | None = None
    _limits: set[asyncio.Timeout] = field(factory=set[asyncio.Timeout])
    _listeners: list[Callable[[], None]] = field(factory=list[Callable[[], None]])

    def stop(self, reason: str) -> None:
        """End what is in progress within `GRACE` seconds. A second call changes nothing."""
        if self.reason is not None:
            return
        self.reason = reason
        self._deadline = asyncio.get_running_loop().time() + GRACE
        for limit in self._limits:
            limit.reschedule(self._deadline)
        for listener in self._listeners:
            listener()

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Generator[None]:
        """Call `listener` when the run is stopped in the context. The signal may outlive whoever listens."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    @asynccontextmanager
    async def limited(self) -> AsyncGenerator[None]:
        """Cut off what runs in the context when the time after `stop` is over.

        Raises:
            TimeoutError: it was cut off.
        """
        async with asyncio.timeout_at(self._deadline) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)
