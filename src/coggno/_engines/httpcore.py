"""The default engine: httpcore's connections from a pool of ours, without the bookkeeping of `httpx.AsyncClient`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import httpcore
from attrs import frozen

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
from coggno._engines.pool import Pool

_BEFORE_SENDING: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.UnsupportedProtocol)


@frozen
class HttpcoreEngine:
    """Sends over connections of its own, to one origin, HTTP/1.1."""

    pool: Pool
    origin: httpcore.Origin
    host: bytes
    """Value of the `Host` header."""

    @classmethod
    def to(cls, origin: Origin, *, max_connections: int) -> HttpcoreEngine:
        """Return an engine for requests to `origin`."""
        target = httpcore.Origin(origin.scheme.encode(), origin.host.encode(), origin.port)
        return cls(Pool(target, max_connections), target, origin.netloc.encode())

    async def send(self, request: EngineRequest, timeout: Timeout, max_response_bytes: int) -> EngineResponse:
        """See `Engine.send`."""
        async with self.stream(request, timeout) as answer:
            content = await read_whole(answer, max_response_bytes)
        return EngineResponse(status=answer.status, headers=answer.headers, content=content)

    @asynccontextmanager
    async def stream(self, request: EngineRequest, timeout: Timeout) -> AsyncGenerator[HttpcoreResponse]:
        """See `Engine.stream`."""
        connection = await self.pool.acquire(timeout.pool)
        try:
            with _translated():
                response = await connection.handle_async_request(self._build(request, timeout))
            try:
                yield HttpcoreResponse(response)
            finally:
                await response.aclose()
        finally:
            await self.pool.release(connection)

    def _build(self, request: EngineRequest, timeout: Timeout) -> httpcore.Request:
        headers = [(b"Host", self.host), *((n.encode(), v.encode()) for n, v in request.headers.items())]
        if request.content or request.method in {"POST", "PUT", "PATCH"}:
            headers.append((b"Content-Length", b"%d" % len(request.content)))
        limits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.write}
        url = httpcore.URL(
            scheme=self.origin.scheme,
            host=self.origin.host,
            port=self.origin.port,
            target=request.target.encode(),
        )
        return httpcore.Request(
            request.method, url, headers=headers, content=request.content or None, extensions={"timeout": limits}
        )

    async def aclose(self) -> None:
        """See `Engine.aclose`."""
        await self.pool.aclose()


class HttpcoreResponse:
    """A `StreamedResponse` on an `httpcore.Response`."""

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        self._response = response

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        return decoded(self._raw(), self.status, self.headers)

    async def _raw(self) -> AsyncIterator[bytes]:
        with _translated():
            async for piece in self._response.aiter_stream():
                yield piece


@contextmanager
def _translated() -> Generator[None]:
    """Turn httpcore's errors into ours; what is not known to come before the first byte is an unknown outcome."""
    try:
        yield
    except AssertionError:
        raise  # a test double's complaint is for the test, not a failure of the network
    except httpcore.ProtocolError as error:
        raise_alone(failure(error, sent=True, timed_out=False, detail=without_quotations(str(error))))
    except Exception as error:
        sent = not isinstance(error, _BEFORE_SENDING)
        raise failure(error, sent=sent, timed_out=isinstance(error, httpcore.TimeoutException)) from error
