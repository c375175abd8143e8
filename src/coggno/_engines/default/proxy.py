"""The way through a proxy: a tunnel of HTTP (RFC 9110, 9.3.6) or SOCKS 5 (RFC 1928, 1929).

Only the proxy sees what is sent here. It learns the host, never the key: TLS to the server begins inside the tunnel.
"""

from __future__ import annotations

from typing import Final

import h11

from coggno._engines.default.backend import SocketStream
from coggno._engines.environment import Proxy
from coggno._engines.failures import not_retryable
from coggno._engines.origin import Origin
from coggno._version import USER_AGENT
from coggno.errors import APIConnectionError

_MAX_HEADERS: Final = 16 * 1024  # bytes of the proxy's response
_NO_LOGIN, _WITH_LOGIN = 0, 2  # methods of SOCKS 5
_SOCKS_REASONS: Final = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


async def open_tunnel(stream: SocketStream, proxy: Proxy, origin: Origin) -> None:
    """Make `stream`, which is connected to `proxy`, a connection to `origin`.

    Raises:
        APIConnectionError: the proxy refused; nothing was sent to the server.
        OSError: the connection broke.
    """
    if proxy.is_socks:
        await _Socks5(stream, proxy).connect(origin)
    else:
        await _http_tunnel(stream, proxy, origin)


async def _http_tunnel(stream: SocketStream, proxy: Proxy, origin: Origin) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}"
    headers = [("Host", target), ("User-Agent", USER_AGENT), *proxy.headers.items()]
    state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADERS)
    request = state.send(h11.Request(method="CONNECT", target=target, headers=headers)) or b""
    await stream.write(request + (state.send(h11.EndOfMessage()) or b""), None)
    while not isinstance(event := state.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            state.receive_data(await _more(stream))
    if not 200 <= event.status_code < 300:
        raise _refused(proxy, f"responded with status {event.status_code}", is_login=event.status_code == 407)
    if state.trailing_data[0]:
        # The server speaks first in no TLS handshake.
        raise ConnectionResetError("the proxy sent more than its response")


async def _more(stream: SocketStream) -> bytes:
    data = await stream.read(None)
    if not data:
        raise ConnectionResetError("the proxy closed the connection")
    return data


def _refused(proxy: Proxy, what: str, *, is_login: bool) -> APIConnectionError:
    advice = "; check user name and password in its address" if is_login else ""
    error = APIConnectionError(f"the proxy {proxy.label} {what}{advice}", outcome="not_sent")
    return not_retryable(error) if is_login else error


class _Socks5:
    """The handshake of SOCKS 5. The proxy resolves the name of the server."""

    def __init__(self, stream: SocketStream, proxy: Proxy) -> None:
        self._stream = stream
        self._proxy = proxy
        self._received = b""

    async def connect(self, origin: Origin) -> None:
        """Ask for a connection to `origin`."""
        await self._log_in()
        host = origin.host.encode()
        # Version, command "connect", reserved, address type "name": an IP address is understood as well.
        await self._send(b"\x05\x01\x00\x03" + _counted(host) + origin.port.to_bytes(2, "big"))
        _, reply, _, kind = await self._receive(4)
        if reply != 0:
            raise _refused(self._proxy, f"refused: {_SOCKS_REASONS.get(reply, reply)}", is_login=False)
        length = {1: 4, 4: 16}.get(kind) or (await self._receive(1))[0]
        await self._receive(length + 2)

    async def _log_in(self) -> None:
        methods = [_NO_LOGIN] if self._proxy.user is None else [_NO_LOGIN, _WITH_LOGIN]
        await self._send(b"\x05" + _counted(bytes(methods)))
        version, method = await self._receive(2)
        if version != 5:
            raise ConnectionResetError("the proxy does not speak SOCKS 5")
        if method not in methods:
            raise _refused(self._proxy, "demands a login", is_login=True)
        if method == _WITH_LOGIN:
            user, password = (self._proxy.user or "").encode(), self._proxy.password.encode()
            await self._send(b"\x01" + _counted(user) + _counted(password))
            if (await self._receive(2))[1] != 0:
                raise _refused(self._proxy, "refused the login", is_login=True)

    async def _send(self, data: bytes) -> None:
        await self._stream.write(data, None)

    async def _receive(self, size: int) -> bytes:
        while len(self._received) < size:
            self._received += await _more(self._stream)
        data, self._received = self._received[:size], self._received[size:]
        return data


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(1, "big") + data
