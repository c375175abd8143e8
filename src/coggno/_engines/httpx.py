"""The engine on `httpx.AsyncClient`, and on that of httpx2, which has the same interface and classes of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

import httpx

from coggno._config import Timeout
from coggno._engines.base import Engine, EngineRequest
from coggno._engines.body import decoded
from coggno._engines.environment import Proxy, create_ssl_context
from coggno._engines.failures import failure, raise_alone, without_quotations
from coggno._engines.httpx_private import pool_of
from coggno._engines.origin import Origin
from coggno._engines.queue import ConnectionQueue
from coggno.errors import CoggnoError, ConfigurationError

# Steps of httpcore's `trace` extension in which nothing of a request leaves. Every other step counts as sending, also
# one that a later version adds.
_CONNECTING: Final = ("connection.", "proxy.", "socks.")


class HttpxEngine(Engine):
    """Sends through an `AsyncClient` of the caller's.

    Requests are built here and not by the client, so that its cookies, default headers, parameters and base URL stay
    out of them; its transports, proxies, limits and event hooks are used. In front of its pool stands a queue that
    serves in order: the pool looks at every waiting call for each request, and starves some of them.

    Args:
        client: an open client.
        origin: where all requests go.
        library: the module `httpx` or `httpx2`, whose classes are used and caught.

    Raises:
        ConfigurationError: the client would send plain http through a proxy.
    """

    def __init__(self, client: httpx.AsyncClient, origin: Origin, library: Any = httpx) -> None:
        super().__init__()
        self.client = client
        self.library = library
        self.origin = origin
        self._pool = pool_of(client, library.URL(str(origin)))
        self.proxy = None if self._pool is None else self._pool.proxy
        if origin.scheme == "http" and self.proxy is not None:
            # Plain http is only allowed because it stays on this machine; the proxy would see key and passwords.
            raise ConfigurationError(
                f"http_client: requests to {origin} would go through the proxy {self.proxy} without encryption; "
                "pass httpx.AsyncClient(trust_env=False), or set NO_PROXY=localhost,127.0.0.1"
            )

    def _start(self) -> None:
        # The connections in the caller's pool ended with their loop, and httpx fails on them with a RuntimeError. A
        # client on a test double has none.
        if self._loop is not None and self._pool is not None:
            raise ConfigurationError("http_client was used in an event loop that has ended; make one for each loop")
        limit = None if self._pool is None else self._pool.max_connections
        self._queue = ConnectionQueue(limit or sys.maxsize)

    @asynccontextmanager
    async def _open(self, request: EngineRequest, timeout: Timeout) -> AsyncGenerator[HttpxResponse]:
        if self.client.is_closed:
            raise ConfigurationError("http_client is closed; close it after the AsyncCoggno that uses it")
        outgoing = self._build(request, timeout)
        await self._queue.take(timeout.pool)
        try:
            with self.translated():
                # A transport that traces nothing, such as a test double, may send at any time from here on.
                request.sent = True
                response = await self.client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            try:
                yield HttpxResponse(response, self)
            finally:
                await finish(response.aclose())
        finally:
            self._queue.give_back()

    def _build(self, request: EngineRequest, timeout: Timeout) -> httpx.Request:
        limits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.write, "pool": timeout.pool}
        try:
            return self.library.Request(  # type: ignore[no-any-return]
                request.method,
                f"{self.origin}{request.target}",
                headers=request.headers,
                content=request.content or None,
                extensions={"timeout": limits, "trace": _tracer(request)},
            )
        except (self.library.InvalidURL, UnicodeError) as error:
            raise ConfigurationError(f"base_url cannot be used: {error}") from None

    async def _close(self) -> None:
        """Leave the client open: it is the caller's."""

    @contextmanager
    def translated(self) -> Generator[None]:
        """Turn whatever a transport raises into our errors.

        A transport of the caller's (ASGI, a test double) may raise anything; what is not known is an unknown outcome.
        """
        library = self.library
        try:
            yield
        except (CoggnoError, AssertionError):
            raise  # a test double's complaint is for the test, not a failure of the network
        except library.UnsupportedProtocol as error:
            raise_alone(ConfigurationError(f"base_url cannot be used: {error}"))
        except (library.TimeoutException, library.NetworkError, library.ProxyError) as error:
            # It carries the request, key and password included, and our error chains it.
            cast("httpx.RequestError", error).request = library.Request("GET", "https://request.invalid")
            early = (library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.ProxyError)
            sent, timed_out = not isinstance(error, early), isinstance(error, library.TimeoutException)
            raise failure(error, sent=sent, timed_out=timed_out, proxy=self.proxy) from error
        except library.RequestError as error:
            raise_alone(failure(error, sent=True, timed_out=False, detail=without_quotations(str(error))))
        except Exception as error:
            raise failure(error, sent=True, timed_out=False, detail="") from error


class OwnHttpxEngine(HttpxEngine):
    """Sends through an `httpx.AsyncClient` of ours: the default when the environment names a proxy.

    Args:
        origin: where all requests go.
        proxy: the proxy that they go through.
        max_connections: how many connections may be open at once.

    Raises:
        ConfigurationError: the proxy needs a package that is not installed, or the certificates cannot be loaded.
    """

    def __init__(self, origin: Origin, proxy: Proxy, *, max_connections: int) -> None:
        self._proxy_url = proxy.url
        self._max_connections = max_connections
        super().__init__(self._make_client(), origin)
        self.proxy = proxy.label

    def _make_client(self) -> httpx.AsyncClient:
        size = self._max_connections
        limits = httpx.Limits(max_connections=size, max_keepalive_connections=size)
        try:
            # trust_env=False: which proxy is used was decided before, and once.
            return httpx.AsyncClient(limits=limits, proxy=self._proxy_url, trust_env=False, verify=create_ssl_context())
        except ImportError:
            raise ConfigurationError("a SOCKS proxy needs one more package: pip install 'httpx[socks]'") from None

    def _start(self) -> None:
        if self._loop is not None:
            self.client = self._make_client()
        self._queue = ConnectionQueue(self._max_connections)

    async def _close(self) -> None:
        await finish(self.client.aclose())


class HttpxResponse:
    """A `StreamedResponse` on an `httpx.Response`."""

    def __init__(self, response: httpx.Response, engine: HttpxEngine) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._engine = engine

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        if self._response.is_stream_consumed:  # a test double or an event hook has read it, and httpx has decoded it
            return self._pieces(self._response.aiter_bytes())
        return decoded(self._pieces(self._response.aiter_raw()), self.status, self.headers)

    async def _pieces(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with self._engine.translated():
            async for piece in pieces:
                yield piece


def _tracer(request: EngineRequest) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Return a function for httpcore's `trace` extension that keeps `request.sent` up to date."""

    async def trace(step: str, info: Mapping[str, Any]) -> None:
        # The request that opens a tunnel through a proxy is not ours.
        if getattr(info.get("request"), "method", None) != b"CONNECT":
            request.sent = not step.startswith(_CONNECTING)

    return trace


async def finish(closing: Awaitable[Any]) -> None:
    """Close to the end even if the caller is being cancelled: a connection that is half closed is lost to the pool."""
    task, cancelled = asyncio.ensure_future(closing), None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error  # the caller may be cancelled more than once
    if cancelled is not None:
        raise cancelled
    await task
