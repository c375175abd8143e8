"""Little proxies on loopback: HTTP tunnels and SOCKS 5. They pass bytes on, and note what they were asked for."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from attrs import define, field

Greet: TypeAlias = Callable[["TunnelProxy", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[tuple[str, int]]]


class RefusedError(Exception):
    """The proxy has refused."""


@define(eq=False)
class TunnelProxy:
    """Takes connections, and passes them on to where their greeting asks for."""

    greet: Greet
    login: tuple[str, str] | None = None
    """User name and password that it demands."""
    asked: list[bytes] = field(factory=list)
    """The greetings, as they were received."""
    tunnels: int = 0
    port: int = 0
    tasks: set[asyncio.Task[None]] = field(factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, RefusedError):
                host, port = await self.greet(self, reader, writer)
                self.tunnels += 1
                there = await asyncio.open_connection(host, port)
                await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))
        finally:
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
    finally:
        writer.transport.abort()


async def http(proxy: TunnelProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """CONNECT (RFC 9110, 9.3.6)."""
    head = await reader.readuntil(b"\r\n\r\n")
    proxy.asked.append(head)
    if proxy.login is not None:
        login = base64.b64encode(":".join(proxy.login).encode())
        if b"Proxy-Authorization: Basic " + login not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            raise RefusedError
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    host, _, port = head.split(b" ", 2)[1].decode().rpartition(":")
    return host.strip("[]"), int(port)


async def socks(proxy: TunnelProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """SOCKS 5 with a name as address (RFC 1928), and a login by name and password (RFC 1929)."""
    _, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    method = 0 if proxy.login is None else 2
    if method not in methods:
        writer.write(b"\x05\xff")
        raise RefusedError
    writer.write(bytes([5, method]))
    if proxy.login is not None:
        await reader.readexactly(1)
        login = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)]
        writer.write(b"\x01\x00" if tuple(login) == proxy.login else b"\x01\x01")
    head = await reader.readexactly(4)
    host = await reader.readexactly((await reader.readexactly(1))[0])
    port = await reader.readexactly(2)
    proxy.asked.append(head + host + port)
    writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
    return host.decode(), int.from_bytes(port, "big")


@asynccontextmanager
async def tunnel_proxy(
    greet: Greet, *, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[TunnelProxy]:
    proxy = TunnelProxy(greet, login)
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, ssl=tls)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        tasks = [*proxy.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
