"""What the session needs of an engine, and what all engines have in common.

An engine sends a request once. It follows no redirect, keeps no cookie, repeats nothing, and sorts every failure into
`not_sent` (nothing of the request can have reached the server) or `unknown`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

from attrs import define, field, frozen

from coggno._config import Timeout
from coggno._engines.body import read_whole
from coggno._engines.calls import RunningCalls
from coggno.errors import ConfigurationError


@define(kw_only=True)
class EngineRequest:
    """A request, ready to send. Headers and content are left out of `repr`: they hold the key and passwords.

    Attributes:
        method: the HTTP method, in upper case.
        target: path and query as they stand in the request line (RFC 9112, 3.2.1), ASCII, the path of `base_url`
            included. The origin is known to the engine.
        headers: all but `Host` and `Content-Length`, which the engine adds.
        content: the body; empty for none.
        sent: whether a byte of it may have left this machine. The engine keeps it up to date during an attempt, so
            that whoever cuts the attempt off (a time limit, a cancellation) knows the outcome: `False` means
            `not_sent`.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    sent: bool = field(default=True, init=False, eq=False)  # the safe side, for an engine that does not track it


@frozen(kw_only=True)
class EngineResponse:
    """A response with its whole body. Header names are in lower case. A server may repeat the key in either."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


class StreamedResponse(Protocol):
    """A response whose body is still being received."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def received(self) -> bytes | None:
        """The whole body, where it was received with the headers and has no content encoding to undo."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece, with any content encoding undone."""
        ...


@frozen
class Connections:
    """How many connections are idle and in use, and how many calls wait for one."""

    idle: int
    in_use: int
    waiting: int


class Engine(ABC):
    """Sends the requests of one client and its copies."""

    def __init__(self) -> None:
        self.made_at: str | None = None
        """File and line where the client was made, where that is recorded."""
        self._calls = RunningCalls()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: EngineRequest, timeout: Timeout, max_response_bytes: int) -> EngineResponse:
        """Send `request` once and read the whole response.

        Raises:
            APIConnectionError: with `outcome` `not_sent` or `unknown`; `APITimeoutError` if a limit ran out.
            DecodeError: a 2xx response is longer than `max_response_bytes` bytes.
            ConfigurationError: the client is closed, or belongs to another event loop; nothing was sent.
        """
        self._begin(request)
        with self._calls.until_closed(request):
            async with self._open(request, timeout) as response:
                content = await read_whole(response, max_response_bytes)
        return EngineResponse(status=response.status, headers=response.headers, content=content)

    @asynccontextmanager
    async def stream(self, request: EngineRequest, timeout: Timeout) -> AsyncGenerator[StreamedResponse]:
        """Send `request` once and return the response as soon as its headers are received; raises as `send`."""
        self._begin(request)
        async with AsyncExitStack() as stack:
            with self._calls.until_closed(request):
                response = await stack.enter_async_context(self._open(request, timeout))
            yield _UntilClosed(response, self._calls, request)

    @asynccontextmanager
    async def until_closed(self, request: EngineRequest) -> AsyncGenerator[None]:
        """Cancel what happens inside when the engine is closed, such as a pause between two attempts.

        Raises:
            APIConnectionError: the engine was closed.
        """
        with self._calls.until_closed(request):
            yield

    @property
    def connections(self) -> Connections | None:
        """How many connections there are; `None` where a library of others keeps them."""
        return None

    async def aclose(self) -> None:
        """End the calls in progress, and close what the engine opened itself; a client of the caller's stays open.

        Raises:
            ConfigurationError: the client is in use in another event loop.
        """
        is_here = self._loop is asyncio.get_running_loop()
        if not is_here:
            self._check_loop_has_ended()
            self._calls.forget()
        # Calls first: one that goes on could connect again.
        await self._calls.close()
        if is_here:  # sockets end with their loop; asyncio cannot close them in another one
            await self._close()

    def _begin(self, request: EngineRequest) -> None:
        self._calls.check_open()
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._check_loop_has_ended()
            # Each asyncio.run() makes a loop. Sockets and locks of an earlier one are of no use in it.
            self._start()
            self._loop = loop
            self._calls.forget()
        request.sent = False

    def _check_loop_has_ended(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigurationError("the client is in use in another event loop; make one for each loop")

    @abstractmethod
    def _start(self) -> None:
        """Make what belongs to one event loop: before the first call, and again when the loop has ended.

        Raises:
            ConfigurationError: it cannot be made.
        """

    @abstractmethod
    def _open(self, request: EngineRequest, timeout: Timeout) -> AbstractAsyncContextManager[StreamedResponse]:
        """Send `request` once, set `request.sent` before the first byte leaves, and receive the headers."""

    @abstractmethod
    async def _close(self) -> None:
        """Close connections that the engine opened itself."""


@frozen
class _UntilClosed:
    """A response that ends when the engine is closed.

    Each piece is waited for on its own: between two of them the task runs the caller's code, which must not be
    cancelled.
    """

    response: StreamedResponse
    calls: RunningCalls
    request: EngineRequest

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.response.headers

    @property
    def received(self) -> bytes | None:
        return self.response.received

    async def chunks(self) -> AsyncIterator[bytes]:
        pieces = aiter(self.response.chunks())
        while True:
            with self.calls.until_closed(self.request):
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece
