"""The default engine: HTTP/1.1 from a pool of connections to one origin."""

from __future__ import annotations

import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, NoReturn

import h11

from coggno._config import Timeout
from coggno._engines.base import Connections, Engine, EngineRequest, StreamedResponse
from coggno._engines.body import decoded
from coggno._engines.default.common_response import ResponseHead
from coggno._engines.default.http11 import Http11Connection
from coggno._engines.default.pool import ConnectionPool
from coggno._engines.default.respx_private import is_active as respx_is_active
from coggno._engines.environment import Proxy
from coggno._engines.failures import Translation, failure, raise_alone, without_quotations
from coggno._engines.origin import Origin

if TYPE_CHECKING:
    from coggno._engines.httpx import HttpxEngine


class DefaultEngine(Engine):
    """Sends over connections of its own.

    Args:
        origin: where all requests go.
        max_connections: how many connections may be open at once.
        proxy: the proxy that they go through, if any.
    """

    def __init__(self, origin: Origin, *, max_connections: int, proxy: Proxy | None = None) -> None:
        super().__init__()
        self._origin = origin
        self._max_connections = max_connections
        self.proxy = proxy
        self.pool = ConnectionPool(origin, max_connections, proxy)
        self._mocked: HttpxEngine | None = None

    @property
    def connections(self) -> Connections:
        """How many connections there are."""
        return Connections(*self.pool.open_connections, self.pool.waiting)

    def _start(self) -> None:
        self.pool = ConnectionPool(self._origin, self._max_connections, self.proxy)
        self._mocked = None

    def _open(self, request: EngineRequest, timeout: Timeout) -> AbstractAsyncContextManager[StreamedResponse]:
        if respx_is_active():
            return self._through_httpx().stream(request, timeout)
        return DefaultExchange(self.pool, self._origin, request, timeout)

    def _through_httpx(self) -> HttpxEngine:
        """Return an engine whose requests respx sees."""
        if self._mocked is None:
            import httpx

            from coggno._engines.httpx import HttpxEngine

            self._mocked = HttpxEngine(httpx.AsyncClient(trust_env=False), self._origin)
        return self._mocked

    def __del__(self) -> None:
        # After the interpreter has begun to exit, modules that a warning needs may be gone, and sockets end anyway.
        if sys.is_finalizing() or not hasattr(self, "pool") or self._calls.is_closed:
            return
        if not any(self.pool.open_connections):
            return
        where = f" It was made at {self.made_at}." if self.made_at is not None else ""
        message = f"a client of coggno was not closed: use `async with AsyncCoggno(...)`, or `await aclose()`.{where}"
        warnings.warn(message, ResourceWarning, stacklevel=1, source=self)

    async def _close(self) -> None:
        await self.pool.aclose()
        if self._mocked is not None:
            await self._mocked.client.aclose()


class DefaultExchange(AbstractAsyncContextManager["DefaultResponse"]):
    """A request and its response, while they occupy a connection.

    A class and not `contextlib.asynccontextmanager`, which takes longer than borrowing the connection.
    """

    def __init__(self, pool: ConnectionPool, origin: Origin, request: EngineRequest, timeout: Timeout) -> None:
        self._pool = pool
        self._origin = origin
        self._request = request
        self._timeout = timeout

    async def __aenter__(self) -> DefaultResponse:
        request, pool, timeout = self._request, self._pool, self._timeout
        with DefaultTranslation(request, pool.proxy_label):
            self._connection = connection = await pool.acquire(timeout)
        try:
            with DefaultTranslation(request):
                head = await connection.send(request, self._origin.netloc, timeout)
            return DefaultResponse(head, connection, request, timeout)
        except BaseException:
            pool.release(connection)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._pool.release(self._connection)


class DefaultResponse:
    """A `StreamedResponse` on a connection of the pool."""

    def __init__(
        self, head: ResponseHead, connection: Http11Connection, request: EngineRequest, timeout: Timeout
    ) -> None:
        self.status = head.status
        self.headers = head.headers
        self.received = None if "content-encoding" in head.headers else head.content
        self._content = head.content
        self._connection = connection
        self._request = request
        self._timeout = timeout

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        return decoded(self._raw(), self.status, self.headers)

    async def _raw(self) -> AsyncIterator[bytes]:
        if self._content is not None:
            if self._content:
                yield self._content
            return
        with DefaultTranslation(self._request):
            async for piece in self._connection.body(self._timeout.read):
                yield piece


class DefaultTranslation(Translation):
    """Turns errors of the network and of the protocol into ours."""

    __slots__ = ()

    def raise_ours(self, error: Exception) -> NoReturn:
        sent = self.request.sent
        if isinstance(error, h11.ProtocolError):
            # h11 quotes the response, which may repeat what it was sent.
            detail = without_quotations(str(error))
            raise_alone(failure(error, sent=sent, timed_out=False, detail=detail, proxy=self.proxy))
        raise failure(error, sent=sent, timed_out=isinstance(error, TimeoutError), proxy=self.proxy) from error
