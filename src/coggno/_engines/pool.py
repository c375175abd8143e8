"""A pool for one origin: first come, first served, and no scan over all connections.

httpcore's own pool looks at every connection for every request, because a connection may belong to any origin
(92 % of the time at 100 tasks, see docs/performance.md). We talk to one: a queue that serves its waiters in order and
a stack of idle connections are enough. The connections themselves are httpcore's.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

import httpcore

from coggno._engines.backend import AsyncioBackend, finish
from coggno._engines.queue import ConnectionQueue
from coggno.errors import ConfigurationError

KEEPALIVE: Final = 5.0  # seconds that an idle connection is trusted; most servers keep it longer


class Pool:
    """Hands out connections to one origin.

    Args:
        origin: scheme, host and port.
        size: how many connections may be open at once.
    """

    def __init__(self, origin: httpcore.Origin, size: int) -> None:
        self.origin = origin
        self._size = size
        self._tls: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = ConnectionQueue(size)
        self._idle: list[httpcore.AsyncHTTPConnection] = []
        self._busy: set[httpcore.AsyncHTTPConnection] = set()
        self.is_closed = False

    async def acquire(self, timeout: float | None) -> httpcore.AsyncHTTPConnection:
        """Return a connection, the one that was used last if it is still good; `release` it in any case.

        Args:
            timeout: seconds to wait for a free one.

        Raises:
            APITimeoutError: none was free in time; nothing was sent.
            ConfigurationError: the pool is closed, or in use in another event loop.
        """
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._move_to(loop)
        await self._turns.take(timeout)
        try:
            self._check_open()
            connection = await self._reusable() or self._connect()
        except BaseException:
            self._turns.give_back()
            raise
        self._busy.add(connection)
        return connection

    async def release(self, connection: httpcore.AsyncHTTPConnection) -> None:
        """Take a connection back; one that is not ready for another request is closed."""
        self._busy.discard(connection)
        try:
            if connection.is_available() and not self.is_closed and not _has_leftovers(connection):
                await self._close_longest_idle_if_expired()
                self._idle.append(connection)
            else:
                await finish(connection.aclose())
        finally:
            self._turns.give_back()

    async def aclose(self) -> None:
        """Close all connections; requests under way fail."""
        self.is_closed = True
        connections = [*self._idle, *self._busy]
        self._idle.clear()
        await finish(asyncio.gather(*(connection.aclose() for connection in connections), return_exceptions=True))

    @property
    def open_connections(self) -> tuple[int, int]:
        """How many connections are idle and how many in use."""
        return len(self._idle), len(self._busy)

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin anew in another event loop, as each `asyncio.run` makes one: connections end with their loop."""
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigurationError("the client is in use in another event loop; make one for each loop")
        self._loop = loop
        self._turns = ConnectionQueue(self._size)
        self._idle.clear()
        self._busy.clear()

    def _check_open(self) -> None:
        if self.is_closed:
            raise ConfigurationError("the client is closed; make calls inside its `async with`")

    async def _reusable(self) -> httpcore.AsyncHTTPConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await finish(connection.aclose())
        return None

    async def _close_longest_idle_if_expired(self) -> None:
        """Clear the far end of the stack, one at a time: after a burst nobody gets down to it."""
        if self._idle and self._idle[0].has_expired():
            await finish(self._idle.pop(0).aclose())

    def _connect(self) -> httpcore.AsyncHTTPConnection:
        if self.origin.scheme != b"https":
            return httpcore.AsyncHTTPConnection(
                self.origin, keepalive_expiry=KEEPALIVE, network_backend=AsyncioBackend()
            )
        if self._tls is None:
            import httpx  # loading certificates takes longer than importing us: for the first connection only

            self._tls = httpx.create_ssl_context()
        return httpcore.AsyncHTTPConnection(
            self.origin, ssl_context=self._tls, keepalive_expiry=KEEPALIVE, network_backend=AsyncioBackend()
        )


def _has_leftovers(connection: httpcore.AsyncHTTPConnection) -> bool:
    """Return whether more came than the answer: the next request would take it for its own answer.

    httpcore does not look, and shows h11's state in no other way.
    """
    inner: Any = getattr(connection, "_connection", None)
    state: Any = getattr(inner, "_h11_state", None)
    return state is not None and bool(state.trailing_data[0])
