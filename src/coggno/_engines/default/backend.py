"""Connections on plain asyncio transports: connecting, TLS, reading and writing.

anyio, which httpcore goes through, spends several turns of the event loop on every request (see docs/performance.md).
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from collections import deque
from itertools import zip_longest
from typing import Final, cast

from coggno._engines.readable import is_readable

_BUFFER: Final = 1 << 16  # bytes that are received at once
_RECEIVED: Final = 1 << 18  # bytes that may be received unread before the other side is made to wait
_NEXT_ADDRESS: Final = 0.25  # seconds that one address of a host is tried before the next joins in (RFC 8305, 5)
_HANDSHAKE: Final = 86_400.0  # seconds: asyncio demands a limit; the one that counts is around the call


class SocketStream(asyncio.BufferedProtocol):
    """A connection for one request at a time: it is either written to or read from.

    It receives into a buffer of its own. For a protocol without one, asyncio allocates 256 kB each time and gives back
    all but the few bytes that were received, which takes six times as long as receiving them.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(_BUFFER))
        self._pieces: deque[bytes] = deque()
        self._received = 0
        """Bytes in `_pieces`."""
        self._is_paused = False
        self._at_end = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wait_ends = math.inf
        self._may_write = True

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None  # noqa: S101 - asyncio returns a connection when it is made
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio does not demand as much as it hints
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._pieces.append(bytes(self._buffer[:nbytes]))
        self._received += nbytes
        if self._received > _RECEIVED and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._at_end = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._at_end = True
        self._error = self._error or exc
        # The error of a broken connection refers to it in a circle: until the garbage collector comes, thousands of
        # buffers would add up.
        self._buffer = memoryview(b"")
        if self._timer is not None:
            self._timer.cancel()
        self._wake()

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._wake()

    async def read(self, timeout: float | None) -> bytes:
        """Return what was received, at least one byte; nothing at the end.

        Raises:
            TimeoutError: nothing was received in `timeout` seconds.
            OSError: the connection broke.
        """
        if not self._pieces and not self._at_end:
            await self._wait(timeout)
        if self._pieces:
            return self._take()
        if self._error is not None:
            raise self._error
        return b""

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send `data`; return when it has left, or when something was received instead.

        A server may refuse a large body before it has read it: who only waits for it to read would wait in vain.

        Raises:
            TimeoutError: the other side took nothing for `timeout` seconds.
            OSError: the connection is broken or closed.
        """
        # asyncio would take the data for a lost connection, drop it, and only log that it did.
        if self._at_end or self.transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self.transport.write(data)
        del data  # a traceback must not show it
        while not self._may_write and not self._pieces and not self._at_end:
            await self._wait(timeout)

    def abort(self) -> None:
        """Close at once, without waiting for what is still to be sent; a read in progress fails."""
        self._error = self._error or ConnectionAbortedError("closed on this side")
        self.transport.abort()

    def is_drained(self) -> bool:
        """Return whether everything has left, and everything that was received has been read."""
        return not (self._pieces or self._at_end or self.transport.get_write_buffer_size())

    def is_quiet(self) -> bool:
        """Return whether an idle connection is open and nothing was received on it."""
        # The system knows of a lost connection before the event loop does.
        return self.is_drained() and not is_readable(self.transport.get_extra_info("socket").fileno())

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Continue encrypted.

        Raises:
            OSError: the handshake failed.
        """
        if self._pieces or self._at_end:  # no handshake begins like this, and asyncio would wait for one
            raise ConnectionResetError("the server does not speak TLS, or closed the connection")
        transport = await self._loop.start_tls(
            self.transport, self, context, server_hostname=host, ssl_handshake_timeout=_HANDSHAKE
        )
        if transport is None:  # lost at the last moment
            raise ConnectionResetError("the connection broke during the TLS handshake")
        self._transport = transport

    async def _wait(self, timeout: float | None) -> None:
        """Wait until something happens.

        One timer for many waits: asyncio keeps cancelled ones until they would have run out, a minute later.
        """
        self._wait_ends = math.inf if timeout is None else self._loop.time() + timeout
        if timeout is not None and (self._timer is None or self._wait_ends < self._timer.when()):
            self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._wait_ends, self._expire, self._wait_ends)

    def _expire(self, end: float) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if end >= self._wait_ends:
            self._waiter.set_exception(TimeoutError("nothing was received or sent in time"))
        elif self._wait_ends < math.inf:  # the wait that the timer was set for is over, and this is a later one
            self._set_timer()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take(self) -> bytes:
        piece = self._pieces.popleft()
        self._received -= len(piece)
        if self._is_paused and self._received <= _RECEIVED // 2:
            self._is_paused = False
            self.transport.resume_reading()
        return piece


async def connect(host: str, port: int, tls: ssl.SSLContext | None, timeout: float | None) -> SocketStream:
    """Open a connection to `host`, which may have several addresses.

    Args:
        host: a name or an IP address.
        port: the TCP port.
        tls: certificates to trust; `None` for a connection that is not encrypted.
        timeout: seconds for DNS, TCP and TLS together.

    Raises:
        TimeoutError: it took too long.
        OSError: it did not succeed.
    """
    async with asyncio.timeout(timeout):
        addresses = await _addresses(host, port)
        stream = await _first_to_connect([(address, port) for address in addresses])
        if tls is not None:
            try:
                await stream.start_tls(tls, host)
            except BaseException:
                stream.abort()
                raise
    return stream


async def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host in the system's order, with IPv6 and IPv4 alternating (RFC 8305, 4)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = {str(address[0]): family for family, *_, address in found}
    preferred = [address for address, family in addresses.items() if family == found[0][0]]
    others = [address for address, family in addresses.items() if family != found[0][0]]
    return [address for pair in zip_longest(preferred, others) for address in pair if address is not None]


async def _first_to_connect(addresses: list[tuple[str, int]]) -> SocketStream:
    """Try the addresses one after the other, a slow one beside those that follow it; return the first connection.

    asyncio can do the same, but up to 3.12 it loses a connection that is made in the moment of a cancellation.
    """
    attempts: list[asyncio.Task[SocketStream]] = []
    winner: asyncio.Task[SocketStream] | None = None
    try:
        while winner is None:
            if len(attempts) < len(addresses):
                attempts.append(asyncio.ensure_future(_connect(*addresses[len(attempts)])))
            pending = [attempt for attempt in attempts if not attempt.done()]
            if pending:
                limit = _NEXT_ADDRESS if len(attempts) < len(addresses) else None
                await asyncio.wait(pending, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            winner = next((attempt for attempt in attempts if attempt.done() and not attempt.exception()), None)
            if winner is None and len(attempts) == len(addresses) and all(attempt.done() for attempt in attempts):
                winner = attempts[0]  # all have failed: the first address is the preferred one, and so is its reason
        return winner.result()
    finally:
        for attempt in attempts:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_abandon)


async def _connect(address: str, port: int) -> SocketStream:
    _, stream = await asyncio.get_running_loop().create_connection(SocketStream, address, port)
    return stream


def _abandon(attempt: asyncio.Task[SocketStream]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().transport.abort()
