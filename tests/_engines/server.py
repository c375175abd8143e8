"""A server on loopback that does exactly what its scripts do, byte by byte.

A script is a tuple of steps for one connection; a step is an async function of the `Peer`. Where the scripts end, and
after a script, the server is a healthy little API: it holds users, responds and keeps connections alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from attrs import define, field, frozen

Step: TypeAlias = Callable[["Peer"], Awaitable[None]]
Script: TypeAlias = tuple[Step, ...]


@frozen
class Head:
    """Request line and headers, as they arrived."""

    raw: bytes

    @property
    def method(self) -> str:
        return self.raw.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        return self.raw.split(b" ", 2)[1].decode("latin-1")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case; in order and with all that stand twice."""
        lines = self.raw.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return [(name.lower(), value.strip()) for name, _, value in pairs]

    def header(self, name: str) -> str | None:
        """The header's value; `None` if it is not there."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) < 2, f"{name} stands {len(values)} times"
        return values[0] if values else None

    @property
    def length(self) -> int:
        return int(self.header("content-length") or 0)


@frozen
class Arrived:
    """A complete request."""

    head: Head
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@define
class Server:
    """Plays one script per connection, in order, and is healthy afterwards."""

    scripts: list[Script] = field(factory=list)
    greeting: Script = ()
    """Steps that open every healthy connection, e.g. TLS."""
    users: dict[str, dict[str, Any]] = field(factory=dict)
    heads: list[Head] = field(factory=list)
    """Requests whose headers were received, complete or not."""
    arrived: list[Arrived] = field(factory=list)
    """Complete requests, which were carried out."""
    effects: list[str] = field(factory=list)
    """Writes that changed something."""
    connections: int = 0
    open: set[Peer] = field(factory=set)
    port: int = 0
    _listening: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(factory=set)
    _closed: asyncio.Event = field(factory=asyncio.Event)

    @property
    def methods(self) -> str:
        """Methods of the requests that were received, e.g. `"POST GET"`."""
        return " ".join(head.method for head in self.heads)

    async def listen(self, sock: socket.socket) -> None:
        self.port = sock.getsockname()[1]
        self._listening = await asyncio.start_server(self._accept, sock=sock, limit=1 << 20, backlog=100)

    async def aclose(self) -> None:
        if self._listening is not None:
            for _ in range(5):
                await asyncio.sleep(0)  # whoever is being accepted gets a task; asyncio would drop the socket
            self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self.open:
            peer.abort()

    async def at_most_open(self, number: int) -> None:
        """Wait until no more than `number` connections are open; the time limit of the test is the limit."""
        for peer in self.open:
            peer.writer.transport.resume_reading()
        while len(self.open) > number:
            self._closed.clear()
            await self._closed.wait()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(self, reader, writer)
        self.open.add(peer)
        task = asyncio.ensure_future(self._serve_peer(peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_peer(self, peer: Peer) -> None:
        try:
            # A client that leaves early, or a TLS handshake that fails, ends a connection and no test.
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
                await self._serve(peer)
        finally:
            peer.close()
            self.open.discard(peer)
            self._closed.set()

    async def _serve(self, peer: Peer) -> None:
        script = self.scripts.pop(0) if self.scripts else (*self.greeting, healthy)
        for step in script:
            await step(peer)

    def carry_out(self, request: Arrived) -> bytes:
        """Carry out a request and return the response."""
        path = request.head.target.partition("?")[0]
        room, _, login = path.removeprefix("/api/v1/").partition("/")
        assert room == "users", path
        return getattr(self, f"_{request.head.method.lower()}")(unquote(login), request.form)

    def _get(self, login: str, _: Any) -> bytes:
        if not login:
            return response_bytes(list(self.users.values()))
        return (
            response_bytes(self.users[login]) if login in self.users else response_bytes({"error": "none"}, status=404)
        )

    def _post(self, _: str, form: dict[str, str]) -> bytes:
        login = form["login"]
        if login in self.users:
            return response_bytes({"error": "registered"}, status=422)
        self.users[login] = user(login, number=len(self.users) + 1, first=form["first_name"], last=form["last_name"])
        self.effects.append(f"made {login}")
        return response_bytes(self.users[login])

    def _delete(self, login: str, _: Any) -> bytes:
        if login not in self.users:
            return response_bytes({"error": "none"}, status=404)
        self.effects.append(f"deleted {login}")
        return response_bytes(self.users.pop(login))


def user(login: str, number: int = 1, first: str = "Ada", last: str = "Lovelace") -> dict[str, Any]:
    return {"id": number, "login": login, "first_name": first, "last_name": last}


@define(eq=False)
class Peer:
    """One connection, as the server has it."""

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    response: bytes = b""
    """The healthy response to the last request that was read."""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closing
            self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()


def listening_socket(host: str = "127.0.0.1") -> socket.socket:
    """A bound socket; connections are refused until it listens."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, 0))
    return sock


@contextlib.asynccontextmanager
async def serving(*scripts: Script) -> AsyncIterator[tuple[Server, str]]:
    """A server, and its address."""
    with listening_socket() as sock:
        server = Server(list(scripts))
        await server.listen(sock)
        try:
            yield server, f"http://127.0.0.1:{server.port}"
        finally:
            await server.aclose()


# Responses


def response_bytes(
    data: Any = None,
    *,
    body: bytes | None = None,
    status: int = 200,
    length: int | None = None,
    version: str = "1.1",
    headers: Iterable[str] = (),
) -> bytes:
    """A response: JSON `data` or `body`, with its length, or with another that is given."""
    content = json.dumps(data).encode() if body is None else body
    lines = [
        f"HTTP/{version} {status} Whatever",
        "Content-Type: application/json",
        f"Content-Length: {len(content) if length is None else length}",
        *headers,
    ]
    return head_bytes(*lines) + content


def head_bytes(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


# Steps


async def read_head(peer: Peer) -> None:
    """Read the headers of a request and leave its body."""
    raw = await peer.reader.readuntil(b"\r\n\r\n")
    peer.server.heads.append(Head(raw[:-4]))


async def read(peer: Peer) -> None:
    """Read a request, and carry it out without a response."""
    await read_head(peer)
    head = peer.server.heads[-1]
    request = Arrived(head, await peer.reader.readexactly(head.length))
    peer.server.arrived.append(request)
    peer.response = peer.server.carry_out(request)


async def read_idly(peer: Peer) -> None:
    """Read a request, and do not carry it out."""
    await read_head(peer)
    await peer.reader.readexactly(peer.server.heads[-1].length)


async def read_anything(peer: Peer) -> None:
    """Read a request, whatever it is, and respond with an empty object."""
    await read_head(peer)
    head = peer.server.heads[-1]
    peer.server.arrived.append(Arrived(head, await peer.reader.readexactly(head.length)))
    await peer.send(response_bytes({}))


async def respond(peer: Peer) -> None:
    """FakeResponse the last request as a healthy server does."""
    await peer.send(peer.response)


async def healthy(peer: Peer) -> None:
    """Serve until the client leaves."""
    while not peer.reader.at_eof():
        await read(peer)
        await respond(peer)


def send(data: bytes) -> Step:
    """Send these bytes."""

    async def step(peer: Peer) -> None:
        await peer.send(data)

    return step


def respond_with(change: Callable[[bytes], bytes]) -> Step:
    """FakeResponse the last request with what `change` makes of the healthy response."""

    async def step(peer: Peer) -> None:
        await peer.send(change(peer.response))

    return step


def send_for_ever(data: bytes) -> Step:
    """Send these bytes again and again until the client leaves."""

    async def step(peer: Peer) -> None:
        while True:
            await peer.send(data)

    return step


async def until_it_leaves(peer: Peer) -> None:
    """Wait for the client to close, reading nothing but what has to be read to notice it."""
    while await peer.reader.read(1 << 16):
        pass


async def stop_reading(peer: Peer) -> None:
    """Let the client's bytes pile up, until `Server.at_most_open`: without reading, a close is not noticed."""
    peer.writer.transport.pause_reading()


async def close(peer: Peer) -> None:
    """Close in good order."""
    peer.writer.close()
    await peer.writer.wait_closed()


async def half_close(peer: Peer) -> None:
    """Say that nothing more will come, and go on listening."""
    peer.writer.write_eof()


async def reset(peer: Peer) -> None:
    """Close with a reset: what is on its way is lost, too."""
    sock = peer.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.abort()


def tls(context: Callable[[], ssl.SSLContext]) -> Step:
    """Make the connection one with TLS."""

    async def step(peer: Peer) -> None:
        await peer.writer.start_tls(context())

    return step


async def read_some(peer: Peer) -> None:
    """Read a few bytes of whatever comes, and leave the rest."""
    await peer.reader.read(10)


def signal(event: asyncio.Event) -> Step:
    """Signal to the test that this step is reached."""

    async def step(_: Peer) -> None:
        event.set()

    return step


def wait_for(event: asyncio.Event) -> Step:
    """Continue when the test sets the event."""

    async def step(_: Peer) -> None:
        await event.wait()

    return step
