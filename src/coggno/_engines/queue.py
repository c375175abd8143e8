"""The queue in front of the connections: first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque

from coggno.errors import APITimeoutError


class ConnectionQueue:
    """Lets as many calls through at once as there are connections.

    aiohttp's own queue lets a task that comes back at once overtake those that wait (450 of 500 tasks got at most one
    request in six seconds), and httpx starves some as well; this one serves them in order.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.in_use = 0

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return len(self._waiters)

    async def take(self, limit: float | None) -> None:
        """Wait for a free connection; call `give_back` afterwards, whatever happens.

        Args:
            limit: seconds to wait; `None` waits without limit.

        Raises:
            APITimeoutError: none was free in time; nothing was sent.
        """
        # Nearly always: asyncio.Semaphore takes ten times as long to find that nobody has to wait.
        if self.in_use < self._size and not self._waiters:
            self.in_use += 1
            return
        try:
            async with asyncio.timeout(limit):
                await self._wait()
        except TimeoutError as error:
            message = f"no free connection within {limit:g} s (Timeout.pool, max_connections)"
            raise APITimeoutError(message, outcome="not_sent") from error

    def give_back(self) -> None:
        """Let the next call through."""
        self.in_use -= 1
        # The turn is the next one's at once: a task that goes on before it does would take it, again and again.
        while self._waiters and self.in_use < self._size:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self.in_use += 1
                waiter.set_result(None)

    async def _wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.give_back()  # it got its turn in the same moment, and cannot use it
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise
