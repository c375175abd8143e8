"""The engine on `httpx.AsyncClient`, and on that of httpx2, which has the same interface and classes of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, cast

import httpx

from coggno._config import Timeout
from coggno._engines.base import Engine, EngineRequest
from coggno._engines.body import decoded
from coggno._engines.failures import Translation, failure, not_retryable, raise_alone, without_quotations
from coggno._engines.httpx_private import HttpxPool, pool_of
from coggno._engines.origin import Origin
from coggno._engines.queue import ConnectionQueue
from coggno.errors import ConfigurationError

# Steps of httpcore's `trace` extension in which nothing of a request leaves. Every other step counts as sending, also
# one that a later version adds.
_CONNECTING: Final = ("connection.", "proxy.", "socks.")
_AFTERWARDS: Final = (".complete", ".failed", ".response_closed.started")


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
            raise _proxied_plain_http(origin, self.proxy)

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
            with HttpxTranslation(request, self):
                # A transport that traces nothing, such as a test double, may send at any time from here on.
                request.sent = True
                response = await self.client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            try:
                yield HttpxResponse(response, self, request)
            finally:
                await finish(response.aclose())
        except BaseException:
            if self._pool is not None:
                await finish(self._pool.close_lost(outgoing.extensions["trace"]))
            raise
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
                extensions={"timeout": limits, "trace": tracer(request, self.origin, self._pool)},
            )
        except (self.library.InvalidURL, UnicodeError) as error:
            raise ConfigurationError(f"base_url cannot be used: {error}") from None

    async def _close(self) -> None:
        """Leave the client open: it is the caller's."""


class HttpxResponse:
    """A `StreamedResponse` on an `httpx.Response`."""

    received = None

    def __init__(self, response: httpx.Response, engine: HttpxEngine, request: EngineRequest) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._engine = engine
        self._request = request

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        if self._response.is_stream_consumed:  # a test double or an event hook has read it, and httpx has decoded it
            return self._pieces(self._response.aiter_bytes())
        return decoded(self._pieces(self._response.aiter_raw()), self.status, self.headers)

    async def _pieces(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with HttpxTranslation(self._request, self._engine):
            async for piece in pieces:
                yield piece


class HttpxTranslation(Translation):
    """Turns whatever a transport raises into our errors.

    A transport of the caller's (ASGI, a test double) may raise anything; what is not known is an unknown outcome.
    """

    __slots__ = ("_library",)

    def __init__(self, request: EngineRequest, engine: HttpxEngine) -> None:
        super().__init__(request, engine.proxy)
        self._library = engine.library

    def raise_ours(self, error: Exception) -> None:
        if isinstance(error, AssertionError):
            return  # a test double's complaint is for the test, not a failure of the network
        library, sent = self._library, self.request.sent
        if isinstance(error, library.UnsupportedProtocol):
            raise_alone(ConfigurationError(f"base_url cannot be used: {error}"))
        if isinstance(error, library.ProxyError):
            self._raise_refusal_of_proxy(error)
        if isinstance(error, library.TimeoutException | library.NetworkError):
            self._raise_failure(cast("httpx.RequestError", error))
        if isinstance(error, library.RequestError):
            detail = without_quotations(str(error))
            raise_alone(failure(error, sent=sent, timed_out=False, detail=detail, proxy=self.proxy))
        raise failure(error, sent=True, timed_out=False, detail="") from error

    def _raise_failure(self, error: httpx.RequestError) -> NoReturn:
        library = self._library
        # It carries the request, key and password included, and our error chains it.
        error.request = library.Request("GET", "https://request.invalid")
        early = (library.ConnectError, library.ConnectTimeout, library.PoolTimeout)
        sent = self.request.sent and not isinstance(error, early)
        timed_out = isinstance(error, library.TimeoutException)
        raise failure(error, sent=sent, timed_out=timed_out, proxy=self.proxy) from error

    def _raise_refusal_of_proxy(self, error: Exception) -> NoReturn:
        # Its status line: the words in it may repeat the request to the proxy, with the login.
        status = str(error)[:3]
        detail = f"status {status}" if status.isdigit() else None
        refused = failure(error, sent=False, timed_out=False, detail=detail, proxy=self.proxy)
        raise_alone(not_retryable(refused) if status == "407" else refused)


def tracer(
    request: EngineRequest, origin: Origin, pool: HttpxPool | None = None
) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Return a function for httpcore's `trace` extension that keeps `request.sent` up to date.

    It also stops a request in plain http that would go through a proxy, which no look at the client may have shown: its
    transport can be inside another one.
    """
    has_left = False

    async def trace(step: str, info: Mapping[str, Any]) -> None:
        nonlocal has_left
        traced = info.get("request")
        if origin.scheme == "http":
            _check_direct(step, traced, origin)
        # The request that opens a tunnel through a proxy is not ours. How a step has ended adds nothing.
        if getattr(traced, "method", None) != b"CONNECT" and not step.endswith(_AFTERWARDS):
            # What has left has left, even if a transport of the caller's connects again.
            has_left = has_left or not step.startswith(_CONNECTING)
            request.sent = has_left
        if pool is not None and step == "http11.response_closed.started":
            await pool.close_if_polluted(trace)

    return trace


def _check_direct(step: str, traced: Any, origin: Origin) -> None:
    url = getattr(traced, "url", None)
    host, port = getattr(url, "host", None), getattr(url, "port", None)
    is_proxied = isinstance(host, bytes) and (host.decode().strip("[]"), port) != (origin.host, origin.port)
    if is_proxied or step.startswith("socks."):
        raise _proxied_plain_http(origin, f"{host.decode()}:{port}" if isinstance(host, bytes) else "(SOCKS)")


def _proxied_plain_http(origin: Origin, proxy: str) -> ConfigurationError:
    # Plain http is only allowed because it stays on this machine; the proxy would see key and passwords.
    return ConfigurationError(
        f"http_client: requests to {origin} would go through the proxy {proxy} without encryption; "
        "pass httpx.AsyncClient(trust_env=False), or set NO_PROXY=localhost,127.0.0.1"
    )


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
