"""Ctrl-C during a run: what is under way may end, nothing new begins."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Protocol

from attrs import define

from coggno.cli.terminal import output

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stoppable(Protocol):
    """A run that can be asked to end early."""

    def stop(self, reason: str) -> None:
        """Begin nothing more, and end soon."""
        ...


@define
class Interruption:
    """Which signal interrupted a run, if one did.

    Attributes:
        signal: its number.
    """

    signal: int | None = None

    @property
    def is_ctrl_c(self) -> bool:
        """Whether a person pressed Ctrl-C."""
        return self.signal == signal.SIGINT


def accept_ctrl_c() -> None:
    """Let SIGINT interrupt this process even if it was started with SIGINT ignored."""
    # Shells start background jobs of scripts (`coggno ... &`) like that; `kill -INT` would have no effect.
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def ctrl_c_at_once() -> Generator[None]:
    """Let Ctrl-C interrupt a question that is asked while an event loop runs.

    The loop's own handler only notes it, and waiting for a line goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stopped_by_signals(run: Stoppable) -> Generator[Interruption]:
    """Let Ctrl-C or SIGTERM stop `run` in order while the context lasts.

    The second signal has its usual effect, which ends the process at once.
    """
    interruption = Interruption()
    # Python delivers signals to the main thread only, and refuses to install handlers anywhere else.
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def on_signal(number: int, _: FrameType | None) -> None:
        interruption.signal = number
        _restore(before)
        # A handler may run in the middle of any line of Python; the loop calls `stop` between two of its steps.
        loop.call_soon_threadsafe(_stop, run)

    before.update({number: signal.signal(number, on_signal) for number in _SIGNALS})
    try:
        yield interruption
    finally:
        _restore(before)


def _stop(run: Stoppable) -> None:
    output.write_message("Stopping. Waiting up to 4 seconds for requests under way; Ctrl-C again ends at once.")
    run.stop("interrupted")


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
