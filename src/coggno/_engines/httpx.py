"""The engine on `httpx.AsyncClient`."""

from __future__ import annotations

import http.cookiejar
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import httpx
from attrs import frozen

from coggno._config import Timeout
from coggno._engines.port import Incoming, Outgoing
from coggno.errors import APIConnectionError, APITimeoutError, ConfigurationError, DecodeError, Outcome

# Everything else may have happened after the first byte of the request left.
_BEFORE_SENDING: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@frozen
class HttpxEngine:
    """Sends through an `httpx.AsyncClient`."""

    client: httpx.AsyncClient
    owned: bool

    @classmethod
    def own(cls, *, max_connections: int) -> HttpxEngine:
        """Return an engine with a client of its own: no cookies, proxies from the environment."""
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        refuse_all = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return cls(httpx.AsyncClient(limits=limits, cookies=refuse_all), owned=True)

    async def send(self, request: Outgoing, timeout: Timeout, max_answer: int) -> Incoming:
        """See `Engine.send`."""
        async with self.stream(request, timeout) as answer:
            content = await _read(answer, max_answer)
        return Incoming(status=answer.status, headers=answer.headers, content=content)

    @asynccontextmanager
    async def stream(self, request: Outgoing, timeout: Timeout) -> AsyncGenerator[HttpxStreamed]:
        """See `Engine.stream`."""
        if self.client.is_closed:
            raise ConfigurationError("the client is closed; make calls inside its `async with`")
        with _translated():
            response = await self.client.send(
                self._build(request, timeout), auth=None, follow_redirects=False, stream=True
            )
        try:
            yield HttpxStreamed(response)
        finally:
            await response.aclose()

    def _build(self, request: Outgoing, timeout: Timeout) -> httpx.Request:
        limits = httpx.Timeout(connect=timeout.connect, read=timeout.read, write=timeout.write, pool=timeout.pool)
        return self.client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content or None,
            timeout=limits,
        )

    async def aclose(self) -> None:
        """See `Engine.aclose`."""
        if self.owned:
            await self.client.aclose()


@frozen
class HttpxStreamed:
    """A `Streamed` on an `httpx.Response`."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.response.headers.items()}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        with _translated():
            async for chunk in self.response.aiter_bytes():
                yield chunk


async def _read(answer: HttpxStreamed, limit: int) -> bytes:
    content = bytearray()
    async for chunk in answer.chunks():
        content += chunk
        if len(content) > limit:
            raise DecodeError(f"the answer is longer than {limit} bytes (max_answer); use iter() for long lists")
    return bytes(content)


@contextmanager
def _translated() -> Generator[None]:
    """Turn whatever a transport raises into ours.

    A transport of the caller's (ASGI, a test double) may raise anything; what it does not name is an unknown outcome.
    """
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ConfigurationError(f"the address cannot be used: {error}") from error
    except Exception as error:
        _forget_request(error)
        outcome: Outcome = "not_sent" if isinstance(error, _BEFORE_SENDING) else "unknown"
        kind = APITimeoutError if isinstance(error, httpx.TimeoutException) else APIConnectionError
        raise kind(_describe(error), outcome=outcome) from error


def _forget_request(error: Exception) -> None:
    """An error of httpx carries the request, key and password included; our error chains them."""
    if isinstance(error, httpx.RequestError):
        error.request = httpx.Request("GET", "https://request.invalid")


def _describe(error: Exception) -> str:
    if isinstance(error, _BEFORE_SENDING):
        what = "no connection" if not isinstance(error, httpx.PoolTimeout) else "no free connection in time"
    else:
        what = "the connection failed after the request may have been sent"
    if isinstance(error, httpx.ReadTimeout):
        what = "no answer in time"
    detail = f": {error}" if isinstance(error, httpx.HTTPError) and str(error) else ""
    return f"{what} ({type(error).__name__}{detail})"
