"""How httpcore opens connections for the pool, with one gap closed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Iterable
from typing import Any, cast

import httpcore


class Backend(httpcore.AsyncNetworkBackend):
    """httpcore's own, but a connection whose TLS handshake is cancelled is closed.

    httpcore closes it for an `Exception` and forgets it for a `CancelledError`: the server is then left with a
    connection until the garbage collector comes by.
    """

    def __init__(self) -> None:
        self._inner = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See `httpcore.AsyncNetworkBackend.connect_tcp`."""
        return _BeforeTLS(await self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class _BeforeTLS(httpcore.AsyncNetworkStream):
    """A connection on which the next thing is `start_tls`."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await finish(self._stream.aclose())
            raise


async def finish(closing: Awaitable[Any]) -> None:
    """Close to the end even if the caller is being cancelled: half a close is a leaked socket."""
    task = asyncio.ensure_future(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
