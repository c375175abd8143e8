"""The engine on aiohttp: the extra `aiohttp`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any, Final

import aiohttp
from attrs import frozen
from yarl import URL

from coggno._config import Timeout
from coggno._engines.base import (
    EngineRequest,
    EngineResponse,
    decoded,
    failure,
    raise_alone,
    read_whole,
    without_quotations,
)
from coggno._engines.origin import Origin
from coggno._engines.queue import ConnectionQueue
from coggno.errors import APIConnectionError, APIError, ConfigurationError

_BEFORE_SENDING: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)
_PIECE: Final = 1 << 16  # bytes that aiohttp writes without waiting for the server to take them


async def _once(request: Any, send: Any) -> Any:
    """A middleware of aiohttp that leaves it no failure to repeat a request on.

    aiohttp sends a GET or DELETE again, unasked, when a connection that was used before is lost. The repetition is
    made around the middlewares, for two classes of errors; ours is neither.
    """
    with _translated():
        return await send(request)


class _Request(aiohttp.ClientRequest):
    """A request that looks at its connection first.

    aiohttp hands out a connection that is being closed, and one on which an answer lies that nobody asked for: the
    request would take it for its own.
    """

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        if conn.transport is None or conn.transport.is_closing() or conn.protocol.should_close:
            raise APIConnectionError("the connection was used up before the request was sent", outcome="not_sent")
        return await super().send(conn)


# Before 3.12 there are no middlewares, and the repetition knows a method by its upper-case name only; see `_request`.
_ONCE: Final[dict[str, Any]] = {"middlewares": (_once,)} if hasattr(aiohttp, "ClientMiddlewareType") else {}


@frozen(eq=False)
class AiohttpEngine:
    """Sends through an `aiohttp.ClientSession` of ours, on a connector of ours or of the caller's.

    The session is always ours: no cookies, no default headers, no netrc, no proxy from the environment, no middleware.
    In front of the connector stands a queue that serves in order, which aiohttp's own does not.
    """

    session: aiohttp.ClientSession
    origin: Origin
    connector_owner: bool
    turns: ConnectionQueue
    loop: asyncio.AbstractEventLoop

    @classmethod
    def own(cls, origin: Origin, *, max_connections: int) -> AiohttpEngine:
        """Return an engine with a connector of its own."""
        return cls._on(aiohttp.TCPConnector(limit=max_connections), origin, owned=True)

    @classmethod
    def around(cls, session: aiohttp.ClientSession, origin: Origin) -> AiohttpEngine:
        """Return an engine on the connector (and trace configs) of the caller's session, which stays the caller's."""
        if session.closed or session.connector is None:
            raise ConfigurationError("http_client: the aiohttp.ClientSession is closed")
        return cls._on(session.connector, origin, owned=False, trace_configs=session.trace_configs)

    @classmethod
    def _on(
        cls,
        connector: aiohttp.BaseConnector,
        origin: Origin,
        *,
        owned: bool,
        trace_configs: list[aiohttp.TraceConfig] | None = None,
    ) -> AiohttpEngine:
        session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=owned,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            request_class=_Request,
            trace_configs=trace_configs,
            **_ONCE,
        )
        queue = ConnectionQueue(connector.limit or sys.maxsize)
        return cls(session, origin, owned, queue, asyncio.get_running_loop())

    async def send(self, request: EngineRequest, timeout: Timeout, max_response_bytes: int) -> EngineResponse:
        """See `Engine.send`."""
        async with self.stream(request, timeout) as answer:
            content = await read_whole(answer, max_response_bytes)
        return EngineResponse(status=answer.status, headers=answer.headers, content=content)

    @asynccontextmanager
    async def stream(self, request: EngineRequest, timeout: Timeout) -> AsyncGenerator[AiohttpResponse]:
        """See `Engine.stream`."""
        if self.session.closed:
            raise ConfigurationError("the client is closed; make calls inside its `async with`")
        if self.loop is not asyncio.get_running_loop():
            raise ConfigurationError("the client was made in another event loop; make one for each loop")
        await self.turns.take(timeout.pool)
        try:
            with _translated():
                response = await self._request(request, timeout)
            try:
                yield AiohttpResponse(response)
            finally:
                response.release() if response.content.at_eof() else response.close()
        finally:
            self.turns.give_back()

    async def _request(self, request: EngineRequest, timeout: Timeout) -> aiohttp.ClientResponse:
        return await self.session.request(
            request.method.lower(),
            URL(f"{self.origin}{request.target}", encoded=True),  # encoded: yarl keeps it as it is written
            headers=request.headers,
            data=_body(request.content, timeout.write),
            allow_redirects=False,
            timeout=_limits(timeout, owned=self.connector_owner),
            skip_auto_headers=("Content-Type",),
        )

    def __del__(self) -> None:
        if not self.connector_owner:
            self.session.detach()  # there is nothing to close, so nothing to warn of

    async def aclose(self) -> None:
        """See `Engine.aclose`."""
        if self.connector_owner:
            await self.session.close()
        else:
            self.session.detach()


class AiohttpResponse:
    """A `StreamedResponse` on an `aiohttp.ClientResponse`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        return decoded(self._raw(), self.status, self.headers)

    async def _raw(self) -> AsyncIterator[bytes]:
        with _translated():
            async for chunk in self._response.content.iter_any():
                yield chunk


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
    """A body in pieces, each under the limit for writing: aiohttp has none, and waits for ever."""

    def __init__(self, content: bytes, limit: float | None) -> None:
        super().__init__(content)
        self._size = len(content)
        self._content = content
        self._limit = limit

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._content.decode(encoding, errors)

    async def write(self, writer: Any) -> None:
        for place in range(0, len(self._content), _PIECE):
            async with asyncio.timeout(self._limit):
                await writer.write(self._content[place : place + _PIECE])


@contextmanager
def _translated() -> Generator[None]:
    """Turn aiohttp's errors into ours; what is not known to come before the first byte is an unknown outcome."""
    try:
        yield
    except APIError:
        raise
    except aiohttp.InvalidURL as error:
        raise ConfigurationError(f"the address cannot be used: {error}") from None
    except aiohttp.ClientResponseError as error:
        # it carries the headers of the request, and quotes the answer
        raise_alone(failure(error, sent=True, timed_out=False, detail=without_quotations(error.message)))
    except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
        raise_alone(failure(error, sent=True, timed_out=False, detail=without_quotations(str(error))))
    except Exception as error:
        sent = not isinstance(error, _BEFORE_SENDING)
        raise failure(error, sent=sent, timed_out=isinstance(error, TimeoutError)) from error
