"""httpcore's network on plain asyncio transports.

httpcore's own goes through anyio, which spends several turns of the event loop on every request (see
docs/performance.md). This is the interface that httpcore documents for the purpose: connect, read, write, close, TLS.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Iterable
from itertools import zip_longest
from typing import Any, Final, cast

import httpcore

_HELD: Final = 1 << 18  # bytes that may arrive unread before the other side is made to wait
_EYEBALLS: Final = 0.25  # seconds that one address of a host is tried before the next joins in (RFC 8305)
_HANDSHAKE: Final = 86_400.0  # seconds; the limit that counts is the one around it


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens connections on the running event loop."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> SocketStream:
        """Open a connection to `host`, which may have several addresses.

        Raises:
            httpcore.ConnectTimeout: it took longer than `timeout` seconds.
            httpcore.ConnectError: it did not succeed.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = await _addresses(host, port)
                connection = await _first_to_connect([(address, port, local_address) for address in addresses])
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            connection.get_extra_info("socket").setsockopt(*option)
        return connection


class SocketStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connection for one request at a time: it is either written to or read from."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[bytes] = deque()
        self._held = 0
        """Bytes in `_pieces`."""
        self._is_held_back = False
        self._at_end = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None  # noqa: S101 - asyncio hands a connection out when it is made
        return self._transport

    # what asyncio tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > _HELD and not self._is_held_back:
            self._is_held_back = True
            self.transport.pause_reading()
        self._wake_reader()

    def eof_received(self) -> None:
        self._at_end = True
        self._wake_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        self._at_end = True
        self._error = self._error or exc
        self._wake_reader()
        self._may_write.set()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    # what httpcore asks of us

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has arrived, at least one byte; nothing at the end.

        Raises:
            httpcore.ReadTimeout: nothing came in `timeout` seconds.
            httpcore.ReadError: the connection broke.
        """
        if not self._pieces and not self._at_end:
            await self._arrival(timeout)
        if self._pieces:
            return self._take(max_bytes)
        if self._error is not None:
            raise httpcore.ReadError(str(self._error)) from self._error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, and wait while the other side takes less than is sent.

        Raises:
            httpcore.WriteTimeout: it took nothing for `timeout` seconds.
            httpcore.WriteError: the connection is broken or closed.
        """
        if not buffer:
            return
        self._check_writable()
        self.transport.write(buffer)
        if self._may_write.is_set():
            return
        try:
            async with asyncio.timeout(timeout):
                await self._may_write.wait()
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        self._check_writable()

    async def aclose(self) -> None:
        """Close at once; a read that is under way fails."""
        self._error = self._error or ConnectionAbortedError("closed on this side")
        self.transport.abort()
        await asyncio.sleep(0)  # the turn in which asyncio closes the socket

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> SocketStream:
        """Go on encrypted.

        Raises:
            httpcore.ConnectTimeout: the handshake took longer than `timeout` seconds.
            httpcore.ConnectError: it failed.
        """
        if self._pieces or self._at_end:  # no handshake begins like this, and asyncio would wait for one
            self.transport.abort()
            raise httpcore.ConnectError("the server does not speak TLS, or closed the connection")
        try:
            async with asyncio.timeout(timeout):
                transport = await self._loop.start_tls(
                    self.transport,
                    self,
                    ssl_context,
                    server_hostname=server_hostname,
                    ssl_handshake_timeout=_HANDSHAKE,
                )
        except BaseException as error:
            self.transport.abort()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout(str(error)) from error
            if isinstance(error, OSError):
                raise httpcore.ConnectError(str(error)) from error
            raise
        if transport is None:  # lost in the last moment
            raise httpcore.ConnectError("the connection broke during the TLS handshake")
        self._transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore may ask for; `is_readable`: there is something to read, be it the end."""
        if info == "is_readable":
            return bool(self._pieces) or self._at_end or _is_readable(self.transport.get_extra_info("socket").fileno())
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self.transport.get_extra_info(names.get(info, info))

    async def _arrival(self, timeout: float | None) -> None:
        """Wait until something has arrived. Half the cost of `asyncio.timeout`, and this is done for every request."""
        reader = self._reader = self._loop.create_future()
        alarm = None if timeout is None else self._loop.call_later(timeout, _expire, reader)
        try:
            await reader
        finally:
            self._reader = None
            if alarm is not None:
                alarm.cancel()

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _take(self, max_bytes: int) -> bytes:
        piece = self._pieces.popleft()
        if len(piece) > max_bytes:
            self._pieces.appendleft(piece[max_bytes:])
            piece = piece[:max_bytes]
        self._held -= len(piece)
        if self._is_held_back and self._held <= _HELD // 2:
            self._is_held_back = False
            self.transport.resume_reading()
        return piece

    def _check_writable(self) -> None:
        if self._at_end or self.transport.is_closing():
            raise httpcore.WriteError("the connection is closed")


async def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host in the system's order, but with IPv6 and IPv4 taking turns (RFC 8305, 4)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = {str(address[0]): family for family, *_, address in found}
    preferred = [address for address, family in addresses.items() if family == found[0][0]]
    others = [address for address, family in addresses.items() if family != found[0][0]]
    return [address for pair in zip_longest(preferred, others) for address in pair if address is not None]


async def _first_to_connect(places: list[tuple[str, int, str | None]]) -> SocketStream:
    """Try the places one after the other, a slow one beside those that follow it; return the first that is there.

    asyncio can do the same, but up to 3.12 it loses a connection that is made in the moment of a cancellation.
    """
    attempts: list[asyncio.Task[SocketStream]] = []
    winner: asyncio.Task[SocketStream] | None = None
    try:
        while winner is None:
            if len(attempts) < len(places):
                attempts.append(asyncio.ensure_future(_connect(*places[len(attempts)])))
            pending = [attempt for attempt in attempts if not attempt.done()]
            if pending:
                limit = _EYEBALLS if len(attempts) < len(places) else None
                await asyncio.wait(pending, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            winner = next((attempt for attempt in attempts if attempt.done() and not attempt.exception()), None)
            if winner is None and len(attempts) == len(places) and all(attempt.done() for attempt in attempts):
                winner = attempts[0]  # whose failure is as good as any
        return winner.result()
    finally:
        for attempt in attempts:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_abandon)


async def _connect(address: str, port: int, local_address: str | None) -> SocketStream:
    local = None if local_address is None else (local_address, 0)
    _, connection = await asyncio.get_running_loop().create_connection(SocketStream, address, port, local_addr=local)
    return connection


def _abandon(attempt: asyncio.Task[SocketStream]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().transport.abort()


def _expire(reader: asyncio.Future[None]) -> None:
    if not reader.done():
        reader.set_exception(httpcore.ReadTimeout("nothing arrived in time"))


def _is_readable(number: int) -> bool:
    """Ask the system, which knows of a lost connection before the event loop does."""
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()  # select() knows no file descriptor from 1024 on
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


async def finish(closing: Awaitable[Any]) -> None:
    """Close to the end even if the caller is being cancelled: half a close is a leaked socket."""
    task = asyncio.ensure_future(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
