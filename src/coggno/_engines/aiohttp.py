"""The engine on aiohttp: the extra `aiohttp`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, Final, NoReturn

import aiohttp
from multidict import istr
from yarl import URL

from coggno._config import Timeout
from coggno._engines.aiohttp_private import (
    CURRENT,
    AiohttpAttempt,
    CheckedRequest,
    StaleConnectionError,
    switch_off_repetitions,
)
from coggno._engines.base import Engine, EngineRequest
from coggno._engines.body import decoded
from coggno._engines.environment import Proxy, create_ssl_context
from coggno._engines.failures import Translation, failure, not_retryable, raise_alone, without_quotations
from coggno._engines.origin import Origin
from coggno._engines.queue import ConnectionQueue
from coggno._version import USER_AGENT
from coggno.errors import APIConnectionError, ConfigurationError

_SKIPPED: Final = frozenset({istr("Content-Type")})
_PIECE: Final = 1 << 16  # bytes that aiohttp writes without waiting for the server to take them


class AiohttpEngine(Engine):
    """Sends through an `aiohttp.ClientSession` of ours, on the connector and with the trace configs of the caller's.

    The session is always ours: no cookies, no default headers, no netrc, no proxy from the environment, no middleware.
    In front of the connector stands a queue that serves in order, which aiohttp's own does not.

    Args:
        session: an open session of the running event loop.
        origin: where all requests go.

    Raises:
        ConfigurationError: the session is closed, or there is no running event loop.
    """

    def __init__(self, session: aiohttp.ClientSession, origin: Origin) -> None:
        super().__init__()
        self._origin = origin
        self._is_owner = False
        self.proxy: Proxy | None = None
        if session.closed or session.connector is None:
            raise ConfigurationError("http_client: the aiohttp.ClientSession is closed")
        self._loop = _running_loop()
        self._use(session.connector, session.trace_configs)

    def _use(self, connector: aiohttp.BaseConnector, trace_configs: list[aiohttp.TraceConfig] | None = None) -> None:
        self._session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=self._is_owner,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            request_class=CheckedRequest,
            trace_configs=trace_configs,
        )
        self._middlewares = () if switch_off_repetitions(self._session) else (_send_once,)
        self._queue = ConnectionQueue(connector.limit or sys.maxsize)
        self._proxy_options = _proxy_options(self.proxy)
        self._proxy_label = None if self.proxy is None else self.proxy.label

    def _start(self) -> None:
        # The caller's connector belongs to the loop in which it was made.
        raise ConfigurationError("http_client was made in an event loop that has ended; make one for each loop")

    def _open(self, request: EngineRequest, timeout: Timeout) -> AiohttpExchange:
        if self._session.closed:
            raise ConfigurationError("http_client is closed; close it after the AsyncCoggno that uses it")
        return AiohttpExchange(self, self._queue, request, timeout)

    async def receive(self, request: EngineRequest, timeout: Timeout) -> aiohttp.ClientResponse:
        """Send a request once, on a connection that is not stale, and receive the headers of its response."""
        while True:
            try:
                return await self._request(request, timeout)
            except StaleConnectionError:
                continue  # aiohttp has closed it, so that the pool has one less

    async def _request(self, request: EngineRequest, timeout: Timeout) -> aiohttp.ClientResponse:
        attempt = AiohttpAttempt(request)
        CURRENT.set(attempt)
        with AiohttpTranslation(request, self._proxy_label):
            response = await self._session.request(
                request.method,
                _url(self._origin, request.target),
                headers=request.headers,
                data=_body(request.content, timeout.write),
                allow_redirects=False,
                timeout=_limits(timeout, owned=self._is_owner),
                # Skipping takes aiohttp two copies of the headers.
                skip_auto_headers=None if "Content-Type" in request.headers else _SKIPPED,
                middlewares=self._middlewares,
                **self._proxy_options,
            )
        if response.status == 101:
            # aiohttp gives the connection back at once, with what is still to be received on it: the next request
            # would take that for its response.
            attempt.close_connection()
            response.close()
            raise APIConnectionError("the server has switched to another protocol (101)", outcome="unknown")
        return response

    async def _close(self) -> None:
        self._session.detach()

    def __del__(self) -> None:
        # There is nothing to close: without this, aiohttp warns of an unclosed session.
        if not self._is_owner and hasattr(self, "_session"):
            self._session.detach()


class OwnAiohttpEngine(AiohttpEngine):
    """Sends through a session and a connector of ours.

    Args:
        origin: where all requests go.
        max_connections: how many connections may be open at once.
        proxy: the proxy that they go through, if any.

    Raises:
        ConfigurationError: the proxy speaks SOCKS.
    """

    def __init__(self, origin: Origin, *, max_connections: int, proxy: Proxy | None = None) -> None:
        Engine.__init__(self)
        self._origin = origin
        self._is_owner = True
        self._max_connections = max_connections
        self.proxy = proxy
        if proxy is not None and proxy.is_socks:
            raise ConfigurationError(
                f"http_client='aiohttp' cannot use the SOCKS proxy {proxy.label}; leave http_client out"
            )

    def _start(self) -> None:
        trusted = create_ssl_context() if self._origin.scheme == "https" else True
        self._use(aiohttp.TCPConnector(limit=self._max_connections, ssl=trusted))

    async def _close(self) -> None:
        await self._session.close()


class AiohttpExchange(AbstractAsyncContextManager["AiohttpResponse"]):
    """A request and its response, while they occupy a connection.

    A class and not `contextlib.asynccontextmanager`, which takes longer than the queue and the cleanup inside it.
    """

    def __init__(self, engine: AiohttpEngine, queue: ConnectionQueue, request: EngineRequest, timeout: Timeout) -> None:
        self._engine = engine
        self._queue = queue
        self._request = request
        self._timeout = timeout

    async def __aenter__(self) -> AiohttpResponse:
        await self._queue.take(self._timeout.pool)
        try:
            self._response = await self._engine.receive(self._request, self._timeout)
            return AiohttpResponse(self._response, self._request)
        except BaseException:
            self._queue.give_back()
            raise

    async def __aexit__(self, *_: object) -> None:
        # A complete response has given its connection back; of any other it is closed. Nothing is waited for, so that
        # no cancellation can come in between.
        try:
            self._response.close()
        finally:
            self._queue.give_back()


class AiohttpResponse:
    """A `StreamedResponse` on an `aiohttp.ClientResponse`."""

    received = None

    def __init__(self, response: aiohttp.ClientResponse, request: EngineRequest) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._request = request

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        return decoded(self._raw(), self.status, self.headers)

    async def _raw(self) -> AsyncIterator[bytes]:
        with AiohttpTranslation(self._request):
            while chunk := await self._response.content.readany():
                yield chunk


async def _send_once(outgoing: Any, send: Any) -> Any:
    """A middleware of aiohttp that leaves it no failure to repeat a request on.

    The repetition is made around the middlewares, for two classes of errors; ours is neither.
    """
    with AiohttpTranslation(CURRENT.get().request):
        return await send(outgoing)


@lru_cache(1024)
def _url(origin: Origin, target: str) -> URL:
    return URL(f"{origin}{target}", encoded=True)  # encoded: yarl keeps it as it is written


def _proxy_options(proxy: Proxy | None) -> dict[str, Any]:
    if proxy is None:
        return {}
    # The login is no part of the address: aiohttp's errors carry that.
    url = URL.build(scheme=proxy.scheme, host=proxy.host, port=proxy.port)
    return {"proxy": url, "proxy_headers": {"User-Agent": USER_AGENT, **proxy.headers}}


@lru_cache
def _limits(timeout: Timeout, *, owned: bool) -> aiohttp.ClientTimeout:
    """Return aiohttp's form of the limits; a connector of the caller's may have to be waited for as well."""
    connect = timeout.connect  # DNS, TCP and TLS
    if not owned and connect is not None:
        connect = None if timeout.pool is None else connect + timeout.pool
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=timeout.connect, sock_read=timeout.read)


def _body(content: bytes, limit: float | None) -> bytes | aiohttp.Payload | None:
    """Return what aiohttp is to send; only what it cannot write at once needs a limit."""
    return _Upload(content, limit) if len(content) > _PIECE else content or None


class _Upload(aiohttp.Payload):
    """A body in pieces, each under the limit for writing: aiohttp has none, and would wait without end."""

    def __init__(self, content: bytes, limit: float | None) -> None:
        super().__init__(content)
        self._size = len(content)
        self._content = content
        self._limit = limit

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._content.decode(encoding, errors)

    async def write(self, writer: Any) -> None:
        for start in range(0, len(self._content), _PIECE):
            async with asyncio.timeout(self._limit):
                await writer.write(self._content[start : start + _PIECE])


class AiohttpTranslation(Translation):
    """Turns aiohttp's errors into ours."""

    __slots__ = ()

    def raise_ours(self, error: Exception) -> NoReturn:
        sent, proxy = self.request.sent, self.proxy
        match error:
            case aiohttp.InvalidURL():
                raise ConfigurationError(f"base_url cannot be used: {error}") from None
            case aiohttp.ClientHttpProxyError():
                refused = failure(error, sent=False, timed_out=False, detail=f"status {error.status}", proxy=proxy)
                raise_alone(not_retryable(refused) if error.status == 407 else refused)
            case aiohttp.ClientResponseError():
                # It carries the headers of the request, and quotes the response.
                detail = without_quotations(error.message)
                raise_alone(failure(error, sent=sent, timed_out=False, detail=detail, proxy=proxy))
            case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
                detail = without_quotations(str(error))
                raise_alone(failure(error, sent=sent, timed_out=False, detail=detail, proxy=proxy))
            case _:
                pass
        ours = failure(error, sent=sent, timed_out=isinstance(error, TimeoutError), proxy=proxy)
        if proxy is not None:
            raise_alone(ours)  # aiohttp's error carries the headers for the proxy, its password among them
        # Error trackers record the variables of every frame, and aiohttp's have the headers in them.
        raise ours from error.with_traceback(None)


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        message = "http_client: an aiohttp.ClientSession needs a running event loop; make the client in a coroutine"
        raise ConfigurationError(message) from None
