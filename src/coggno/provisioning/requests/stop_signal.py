"""Ends a run early: nothing more begins, and what is in progress has a few seconds left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from types import TracebackType
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

    def limited(self) -> AbstractAsyncContextManager[None]:
        """Cut off what runs in the context when the time after `stop` is over.

        Raises:
            TimeoutError: it was cut off.
        """
        return _Limited(asyncio.timeout_at(self._deadline), self._limits)


class _Limited(AbstractAsyncContextManager[None]):
    """A limit that `stop` brings forward.

    A class and not `contextlib.asynccontextmanager`, which takes longer than the limit: every row has one.
    """

    __slots__ = ("_limit", "_limits")

    def __init__(self, limit: asyncio.Timeout, limits: set[asyncio.Timeout]) -> None:
        self._limit = limit
        self._limits = limits

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._limits.add(self._limit)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.discard(self._limit)
        await self._limit.__aexit__(kind, error, trace)
