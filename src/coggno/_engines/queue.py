"""The queue in front of the connections: first come, first served."""

from __future__ import annotations

import asyncio

from coggno.errors import APITimeoutError


class ConnectionQueue:
    """As many turns as there are connections.

    aiohttp's own queue lets a task that comes back at once overtake those that wait (450 of 500 tasks got at most one
    request in six seconds), and httpx starves some as well; this one serves its waiters in order.
    """

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)

    async def take(self, limit: float | None) -> None:
        """Wait for a turn; `give_back` it in any case.

        Args:
            limit: seconds to wait; `None` waits for ever.

        Raises:
            APITimeoutError: there was none in time; nothing was sent.
        """
        if not self._free.locked():
            await self._free.acquire()  # at once: no timer is needed
            return
        try:
            async with asyncio.timeout(limit):
                await self._free.acquire()
        except TimeoutError as error:
            message = f"no free connection within {limit:g} s (Timeout.pool, max_connections)"
            raise APITimeoutError(message, outcome="not_sent") from error

    def give_back(self) -> None:
        """Let the next one go."""
        self._free.release()
