"""An event loop whose clock moves only while nothing happens: no limit runs out because the machine is busy."""

from __future__ import annotations

import asyncio
import selectors
import socket
from typing import Any, Final

_GRACE: Final = 0.001  # seconds of real time without an event, after which the loop counts as idle


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer as soon as nothing is received any more.

    Bytes over loopback are there as soon as they are sent, so that an idle loop has nothing left to wait for but time.
    On a busy machine no limit runs out because this process had to wait for its turn.
    """

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        """Move the clock."""
        self._now += seconds

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        # Not in a thread, as the original does: the loop would count as idle meanwhile.
        return socket.getaddrinfo(host, port, **options)


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(_GRACE)
        if not events:
            self._loop.jump(timeout)
        return events
