"""Ctrl-C during a run: it ends in order, and soon."""

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
    """Whether a run was interrupted, and by what."""

    signal: int | None = None

    @property
    def is_ctrl_c(self) -> bool:
        """Whether a person pressed Ctrl-C."""
        return self.signal == signal.SIGINT


def heed_ctrl_c() -> None:
    """Let SIGINT interrupt also where a script has started us in the background, and thus with SIGINT ignored."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def stopped_by_signals(run: Stoppable) -> Generator[Interruption]:
    """Let Ctrl-C or SIGTERM stop `run` in order, as long as the context lasts; a second one does what it always did."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # only the main thread gets signals
        return
    loop = asyncio.get_running_loop()

    def on_signal(number: int, _: FrameType | None) -> None:
        interruption.signal = number
        restore()
        loop.call_soon_threadsafe(stop)

    def stop() -> None:
        output.say("Stopping: what is under way has a few seconds to end ...")
        run.stop("interrupted")

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before: dict[int, Any] = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        restore()
