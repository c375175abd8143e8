"""The engine on `httpx.AsyncClient`, and on that of httpx2, which has the same interface and classes of its own."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import httpx
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
from coggno._engines.queue import ConnectionQueue
from coggno.errors import ConfigurationError


@frozen
class HttpxEngine:
    """Sends through an `AsyncClient`.

    Requests are built here and not by the client, so that its cookies, default headers, parameters and base URL stay
    out of them; its transports, proxies, limits and event hooks are used. In front of its pool stands a queue that
    serves in order: the pool looks at everybody who waits in it for every request, and starves some of them.
    """

    client: httpx.AsyncClient
    origin: Origin
    library: Any
    """The module `httpx` or `httpx2`: whose classes are to be used and caught."""
    owned: bool
    turns: ConnectionQueue

    @classmethod
    def own(cls, origin: Origin, *, max_connections: int) -> HttpxEngine:
        """Return an engine with a client of its own; proxies come from the environment."""
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        return cls(httpx.AsyncClient(limits=limits), origin, httpx, owned=True, turns=ConnectionQueue(max_connections))

    @classmethod
    def around(cls, client: httpx.AsyncClient, library: str, origin: Origin) -> HttpxEngine:
        """Return an engine on a client of the caller's."""
        return cls(client, origin, sys.modules[library], owned=False, turns=ConnectionQueue(_connections(client)))

    async def send(self, request: EngineRequest, timeout: Timeout, max_response_bytes: int) -> EngineResponse:
        """See `Engine.send`."""
        async with self.stream(request, timeout) as answer:
            content = await read_whole(answer, max_response_bytes)
        return EngineResponse(status=answer.status, headers=answer.headers, content=content)

    @asynccontextmanager
    async def stream(self, request: EngineRequest, timeout: Timeout) -> AsyncGenerator[HttpxResponse]:
        """See `Engine.stream`."""
        if self.client.is_closed:
            raise ConfigurationError("the client is closed; make calls inside its `async with`")
        outgoing = self._build(request, timeout)
        await self.turns.take(timeout.pool)
        try:
            with self.translated():
                response = await self.client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            try:
                yield HttpxResponse(response, self)
            finally:
                await response.aclose()
        finally:
            self.turns.give_back()

    def _build(self, request: EngineRequest, timeout: Timeout) -> httpx.Request:
        limits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.write, "pool": timeout.pool}
        try:
            return self.library.Request(  # type: ignore[no-any-return]
                request.method,
                f"{self.origin}{request.target}",
                headers=request.headers,
                content=request.content or None,
                extensions={"timeout": limits},
            )
        except (self.library.InvalidURL, UnicodeError) as error:
            raise ConfigurationError(f"the address cannot be used: {error}") from None

    async def aclose(self) -> None:
        """See `Engine.aclose`."""
        if self.owned:
            await self.client.aclose()

    @contextmanager
    def translated(self) -> Generator[None]:
        """Turn whatever a transport raises into ours.

        A transport of the caller's (ASGI, a test double) may raise anything; what has no name is an unknown outcome.
        """
        library = self.library
        try:
            yield
        except library.UnsupportedProtocol as error:
            raise_alone(ConfigurationError(f"the address cannot be used: {error}"))
        except AssertionError:
            raise  # a test double's complaint is for the test, not a failure of the network
        except (library.TimeoutException, library.NetworkError, library.ProxyError) as error:
            # it carries the request, key and password included, and our error chains it
            cast("httpx.RequestError", error).request = library.Request("GET", "https://request.invalid")
            early = (library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.ProxyError)
            timed_out = isinstance(error, library.TimeoutException)
            raise failure(error, sent=not isinstance(error, early), timed_out=timed_out) from error
        except library.RequestError as error:
            raise_alone(failure(error, sent=True, timed_out=False, detail=without_quotations(str(error))))
        except Exception as error:
            raise failure(error, sent=True, timed_out=False, detail="") from error


def _connections(client: Any) -> int:
    """Return how many connections a client may open: httpx shows it nowhere. Without a pool there is no limit."""
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    limit = getattr(pool, "_max_connections", None)
    return limit if isinstance(limit, int) and limit > 0 else sys.maxsize


@frozen
class HttpxResponse:
    """A `StreamedResponse` on an `httpx.Response`."""

    response: httpx.Response
    engine: HttpxEngine

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.response.headers.items()}

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        if self.response.is_stream_consumed:  # a test double or an event hook has it already, decoded
            return self._pieces(self.response.aiter_bytes())
        return decoded(self._pieces(self.response.aiter_raw()), self.status, self.headers)

    async def _pieces(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with self.engine.translated():
            async for piece in pieces:
                yield piece
