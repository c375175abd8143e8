"""A pool for one origin: first come, first served, and no scan over all connections.

httpcore's pool looks at every connection for every request, because a connection may belong to any origin (92 % of the
time at 100 tasks, see docs/performance.md). We talk to one: a queue that serves its waiters in order and a stack of
idle connections are enough.
"""

from __future__ import annotations

import asyncio
import ssl

from coggno._config import Timeout
from coggno._engines.default.backend import SocketStream, connect
from coggno._engines.default.http11 import Http11Connection
from coggno._engines.default.proxy import open_tunnel
from coggno._engines.environment import Proxy, create_ssl_context
from coggno._engines.origin import Origin
from coggno._engines.queue import ConnectionQueue


class ConnectionPool:
    """Lends connections to one origin, in one event loop.

    Args:
        origin: scheme, host and port.
        size: how many connections may be open at once.
        proxy: the proxy that they go through, if any.
    """

    def __init__(self, origin: Origin, size: int, proxy: Proxy | None = None) -> None:
        self._origin = origin
        self._proxy = proxy
        self.proxy_label = None if proxy is None else proxy.label
        """Host and port of the proxy, for errors."""
        self._tls: ssl.SSLContext | None = None
        self._queue = ConnectionQueue(size)
        self._idle: list[Http11Connection] = []
        self._busy: set[Http11Connection] = set()

    async def acquire(self, timeout: Timeout) -> Http11Connection:
        """Return a connection, the one that was used last if it is still good; `release` it whatever happens.

        Args:
            timeout: its `pool` limits the wait for a free connection, its `connect` the making of a new one.

        Raises:
            APITimeoutError: none was free in time; nothing was sent.
            OSError: no connection could be made (`TimeoutError`: in time).
            ConfigurationError: the certificates to trust cannot be loaded.
        """
        await self._queue.take(timeout.pool)
        try:
            connection = self._reusable() or await self._connect(timeout.connect)
        except BaseException:
            self._queue.give_back()
            raise
        self._busy.add(connection)
        return connection

    def release(self, connection: Http11Connection) -> None:
        """Take a connection back; one that is not ready for another request is closed.

        Not a coroutine: a cancellation in the middle would lose the connection, or its place in the queue.
        """
        if connection not in self._busy:
            return  # the pool was closed meanwhile
        self._busy.remove(connection)
        if connection.reset():
            self._close_longest_idle_if_unusable()
            self._idle.append(connection)
        else:
            connection.close()
        self._queue.give_back()

    async def aclose(self) -> None:
        """Close all connections; requests in progress fail."""
        for connection in [*self._idle, *self._busy]:
            connection.close()
        self._idle.clear()
        self._busy.clear()
        await asyncio.sleep(0)  # the turn of the loop in which asyncio closes the sockets

    @property
    def open_connections(self) -> tuple[int, int]:
        """How many connections are idle and how many in use."""
        return len(self._idle), len(self._busy)

    @property
    def waiting(self) -> int:
        """How many calls wait for a free connection."""
        return self._queue.waiting

    def _reusable(self) -> Http11Connection | None:
        while self._idle:
            # The last one: the longer a connection has been idle, the likelier the server is about to close it.
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    def _close_longest_idle_if_unusable(self) -> None:
        """Clear the far end of the stack, one at a time: after a burst no request reaches it."""
        # Whether it can be used is asked of the system only before it is: a question to it takes longer than all this.
        if self._idle and self._idle[0].has_ended():
            self._idle.pop(0).close()

    async def _connect(self, timeout: float | None) -> Http11Connection:
        if self._origin.scheme == "https" and self._tls is None:
            # Loading certificates takes longer than importing us: for the first connection only.
            self._tls = create_ssl_context()
        if self._proxy is not None:
            return Http11Connection(await self._tunnel(self._proxy, timeout))
        return Http11Connection(await connect(self._origin.host, self._origin.port, self._tls, timeout))

    async def _tunnel(self, proxy: Proxy, timeout: float | None) -> SocketStream:
        async with asyncio.timeout(timeout):
            stream = await connect(proxy.host, proxy.port, self._tls if proxy.scheme == "https" else None, None)
            try:
                await open_tunnel(stream, proxy, self._origin)
                if self._tls is not None:
                    await stream.start_tls(self._tls, self._origin.host)
            except BaseException:
                stream.abort()
                raise
        return stream
