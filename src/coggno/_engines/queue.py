"""The queue in front of the connections: first come, first served."""

from __future__ import annotations

import asyncio

from coggno.errors import APITimeoutError


class ConnectionQueue:
    """Lets as many calls through at once as there are connections.

    aiohttp's own queue lets a task that comes back at once overtake those that wait (450 of 500 tasks got at most one
    request in six seconds), and httpx starves some as well; this one serves them in order.
    """

    def __init__(self, size: int) -> None:
        # Bound to the event loop in which somebody first has to wait: a new loop needs a new queue.
        self._free = asyncio.Semaphore(size)
        self.waiting = 0

    async def take(self, limit: float | None) -> None:
        """Wait for a free connection; call `give_back` afterwards, whatever happens.

        Args:
            limit: seconds to wait; `None` waits without limit.

        Raises:
            APITimeoutError: none was free in time; nothing was sent.
        """
        if not self._free.locked():
            await self._free.acquire()  # returns without waiting, so that no timer is needed
            return
        self.waiting += 1
        try:
            async with asyncio.timeout(limit):
                await self._free.acquire()
        except TimeoutError as error:
            message = f"no free connection within {limit:g} s (Timeout.pool, max_connections)"
            raise APITimeoutError(message, outcome="not_sent") from error
        finally:
            self.waiting -= 1

    def give_back(self) -> None:
        """Let the next call through."""
        self._free.release()
