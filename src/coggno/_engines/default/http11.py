"""HTTP/1.1 on one connection. h11 knows the protocol and does no I/O; this module moves the bytes in between.

The response that nearly every request gets needs none of that: see `common_response`.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache
from typing import Final

import h11

from coggno._config import Timeout
from coggno._engines.base import EngineRequest
from coggno._engines.default.backend import SocketStream
from coggno._engines.default.common_response import ResponseHead, parse

KEEPALIVE: Final = 5.0  # seconds that an idle connection is trusted; most servers keep it longer
_MAX_HEADERS: Final = 100 * 1024  # bytes of status line and headers
_MAX_INTERIM: Final = 20  # responses such as 103 before the final one; else a server could hold a call for ever
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_END: Final = h11.EndOfMessage()
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})  # their empty body has a length as well (RFC 9110, 8.6)


@cache
def _outline(method: str) -> h11.Request:
    return h11.Request(method=method, target="/", headers=[("Host", "")])


class Http11Connection:
    """Sends one request at a time and reads its response."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADERS)
        self._is_read = False
        """Whether the whole response has been read without h11, whose state is still that before the request."""
        self._expires_at = 0.0

    async def send(self, request: EngineRequest, host: str, timeout: Timeout) -> ResponseHead:
        """Send a request and receive the headers of its response.

        Args:
            request: its `sent` is set when a byte may leave.
            host: the `Host` header.
            timeout: the limits for writing and reading.

        Raises:
            h11.LocalProtocolError: the request cannot be sent as it is; nothing was sent.
            h11.RemoteProtocolError: the response is not HTTP, or more than the limits above.
            OSError: the connection broke, or a limit ran out (`TimeoutError`).
        """
        self._is_read = False
        # In no variable: error trackers record those of every frame of a traceback, and the key is in it.
        data = [_encoded(request, host)]
        request.sent = True
        # A server may refuse a request and close before it has read it: what it sent can still be read.
        with suppress(ConnectionError):
            await self._stream.write(data.pop(), timeout.write)
        received = await self._stream.read(timeout.read)
        # Nothing follows the headers of a response to HEAD, whatever they announce.
        common = parse(received) if request.method != "HEAD" else None
        if common is not None:
            self._is_read = True
            return common
        # h11 follows the exchange, and frames the response by the method.
        self._h11.send(_outline(request.method))
        self._h11.send(_END)
        self._receive(received)
        return await self._receive_headers(timeout.read)

    async def _receive_headers(self, timeout: float | None) -> ResponseHead:
        for _ in range(_MAX_INTERIM):
            event = await self._next_event(timeout)
            if isinstance(event, h11.Response):
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                return ResponseHead(event.status_code, headers)
        raise h11.RemoteProtocolError("too many interim responses")

    async def body(self, timeout: float | None) -> AsyncIterator[bytes]:
        """Receive the body, piece by piece; raises as `send`. One that was there with the headers is not repeated."""
        while not self._is_read and isinstance(event := await self._next_event(timeout), h11.Data):
            yield bytes(event.data)

    async def _next_event(self, timeout: float | None) -> h11.Event | type[h11.PAUSED]:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            self._receive(await self._stream.read(timeout))
        return event  # type: ignore[return-value]

    def _receive(self, data: bytes) -> None:
        if not data and self._h11.their_state is h11.SEND_RESPONSE:
            # h11 would report the state of its state machine.
            raise ConnectionResetError("the server closed the connection without a response")
        self._h11.receive_data(data)

    def reset(self) -> bool:
        """Prepare for another request, and return whether there can be one."""
        # If more than the response was received, the next request would take it for its own response.
        if not self._stream.is_drained():
            return False
        if not self._is_read:
            state = self._h11
            if state.our_state is not h11.DONE or state.their_state is not h11.DONE or state.trailing_data[0]:
                return False
            state.start_next_cycle()
        self._expires_at = time.monotonic() + KEEPALIVE
        return True

    def has_ended(self) -> bool:
        """Return whether an idle connection is known to be of no use any more, without asking the system."""
        return time.monotonic() >= self._expires_at or not self._stream.is_drained()

    def is_usable(self) -> bool:
        """Return whether an idle connection can still be used."""
        return not self.has_ended() and self._stream.is_quiet()

    def close(self) -> None:
        """Close at once; a request in progress fails."""
        self._stream.abort()


def _encoded(request: EngineRequest, host: str) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.content or request.method in _WITH_LENGTH:
        lines.append(f"Content-Length: {len(request.content)}")
    # A line break in a header would begin another one, or another request. h11 would check and write every header by
    # itself, which takes longer than all the rest of a request.
    if _CONTROL.search("".join(lines)) or " " in request.target:
        raise h11.LocalProtocolError("the address or a header of the request contains a character that cannot be sent")
    return b"%b\r\n\r\n%b" % ("\r\n".join(lines).encode("ascii"), request.content)
