"""Ctrl-C during a run: the first one ends it in order, the second at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Protocol

from attrs import define

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stoppable(Protocol):
    """A run that can be asked to end early."""

    def stop(self, reason: str) -> None:
        """Begin nothing more, and end soon."""
        ...


@define
class Interruption:
    """Whether a run was interrupted, and by what."""

    signal: int | None = None

    @property
    def is_ctrl_c(self) -> bool:
        """Whether a person pressed Ctrl-C."""
        return self.signal == signal.SIGINT


@contextmanager
def stopped_by_signals(run: Stoppable) -> Generator[Interruption]:
    """Let Ctrl-C and SIGTERM stop `run`, as long as the context lasts; call it in the task that carries the run.

    A second signal cancels the task.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # only the main thread gets signals
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def on_signal(number: int, _: FrameType | None) -> None:
        if interruption.signal is None:
            interruption.signal = number
            loop.call_soon_threadsafe(run.stop, "interrupted")
        elif task is not None:
            loop.call_soon_threadsafe(task.cancel)

    before: dict[int, Any] = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
