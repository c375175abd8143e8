"""A server that sends generated nonsense, and keeps a truth log that judges what the client reports.

A case is one response: how much of the request is read before it, whether the request is carried out, status, headers,
body, framing, where it is cut, how it ends. After its case the server is healthy. Cases are numbered: the same number
is the same case on every machine.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from attrs import define, field, frozen

STATUSES: Final = (
    100, 101, 103, 199, *[200] * 9, 201, 202, 204, 206, 299, 300, 301, 302, 304, 307, 400, 401, 403, 404, 404, 409,
    418, 422, 429, 499, 500, 502, 503, 504, 599, 600, 999,
)  # fmt: skip
USER: Final = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
BODIES: Final = (
    json.dumps(USER).encode(),
    json.dumps([USER]).encode(),
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"error": "registered"}',
    b'{"message": "no Route matched with those values"}',
    b"<html><body>Bad Gateway</body></html>",
    b"[" * 1000 + b"]" * 1000,
    b'{"error":' * 1000 + b"1" + b"}" * 1000,
    b'{"id": 1e400, "login": "ada"}',
    b'{"id": ' + b"9" * 5000 + b"}",
    b"\xff\xfe\x00",
    b'{"id": 1, "login": "a\\ud800"}',
    b" " * 70_000,
    bytes(200_000),
)
HEADERS: Final = (
    b"Retry-After: 1",
    b"Retry-After: " + b"9" * 40,
    b"Retry-After: -1",
    b"Retry-After: Fri, 31 Dec 99999999999999 23:59:59 GMT",
    b"Connection: close",
    b"Connection: upgrade\r\nUpgrade: x",
    b"Content-Encoding: rot13",
    b"Content-Encoding: gzip",
    b"Content-Type: text/html; charset=\xff",
    b"Location: http://[::zz]/",
    b"Set-Cookie: a=b; Domain=x",
    b"X-Request-Id: \xe4\xf6",
    b"X: " + b"x" * 9000,
    b"X:",
    b"X : y",
    b"no colon",
    b"X: a\r\n b",
    b"X: \x00",
    b"Trailer: X",
    b"Date: never",
)
FRAMINGS: Final = (
    "length", "length", "length", "chunked", "chunked", "until close", "HTTP/1.0", "too long", "too short", "negative",
    "two lengths", "bad chunk",
)  # fmt: skip
ENDINGS: Final = (*["keep"] * 6, *["close"] * 4, "reset", "reset", "half close", "silence", "drip")
DRIP: Final = 0.3  # seconds between two bytes
READS: Final = ("all", "all", "all", "all", "some", "nothing")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}... ({len(text)} characters)"


@frozen(kw_only=True)
class FuzzCase:
    """One generated response."""

    read: str
    carried_out: bool
    interim: int
    status: int
    headers: list[bytes] = field(repr=_shortened)
    body: bytes = field(repr=_shortened)
    is_gzip: bool
    framing: str
    cut: float | None
    """The part of the response that is sent; `None` for all of it."""
    beyond: bytes
    """Sent after the response."""
    ending: str
    pieces: int
    upload: int
    """Bytes of the request's body."""

    @property
    def raw(self) -> bytes:
        """The whole response."""
        body = gzip.compress(self.body, 1) if self.is_gzip else self.body
        version = b"1.0" if self.framing == "HTTP/1.0" else b"1.1"
        lines = [b"HTTP/%s %d X" % (version, self.status), *self.headers]
        if self.is_gzip:
            lines.append(b"Content-Encoding: gzip")
        if self.framing == "chunked":
            lines.append(b"Transfer-Encoding: chunked")
            middle = len(body) // 2
            parts = [part for part in (body[:middle], body[middle:]) if part]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        elif self.framing == "bad chunk":
            lines.append(b"Transfer-Encoding: chunked")
            body = b"zz\r\n" + body
        elif self.framing not in {"until close", "HTTP/1.0"}:
            change = {"too long": 5, "too short": -5, "negative": -len(body) - 7}.get(self.framing, 0)
            lines.append(b"Content-Length: %d" % (len(body) + change))
        if self.framing == "two lengths":
            lines.append(b"Content-Length: %d" % (len(body) + 1))
        return b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" * self.interim + b"\r\n".join(lines) + b"\r\n\r\n" + body

    @property
    def sent(self) -> bytes:
        """What the server sends of it."""
        raw = self.raw
        return raw + self.beyond if self.cut is None else raw[: int(len(raw) * self.cut)]

    @property
    def is_recognizably_cut(self) -> bool:
        """Whether a client must notice that the body is not complete; 204 has none, whatever follows its headers."""
        is_cut = self.cut is not None and len(self.sent) < len(self.raw)
        return is_cut and self.status != 204 and self.framing in {"length", "chunked"}


def fuzz_case(number: int) -> FuzzCase:
    """Return the case with this number."""
    draw = random.Random(number)
    return FuzzCase(
        read=draw.choice(READS),
        carried_out=draw.random() < 0.5,
        interim=draw.choice((0, 0, 0, 0, 0, 0, 0, 1, 3, 30)),
        status=draw.choice(STATUSES),
        headers=draw.choices(HEADERS, k=draw.choice((0, 0, 1, 2))),
        body=draw.choice(BODIES) if draw.random() < 0.8 else draw.randbytes(draw.randrange(30)),
        is_gzip=draw.random() < 0.3,
        framing=draw.choice(FRAMINGS),
        cut=draw.random() if draw.random() < 0.3 else None,
        beyond=draw.choice((b"", b"", b"", b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")),
        ending=draw.choice(ENDINGS),
        pieces=draw.randint(1, 4),
        upload=draw.choice((0, 20, 20, 20, 200_000)),
    )


@define
class TruthLog:
    """What really happened in a case, as far as the requests go that it is played for."""

    received: int = 0
    """Bytes of them."""
    requests: int = 0
    """How many of them began."""
    effects: list[str] = field(factory=list)
    """Writes that were carried out."""


@define
class FuzzServer:
    """Plays one case, and is a healthy little API before and after it."""

    case: FuzzCase | None = None
    plays_reads: bool = False
    """Whether the case is for the next read, and not for the next write."""
    log: TruthLog = field(factory=TruthLog)
    users: dict[str, dict[str, Any]] = field(factory=dict)
    port: int = 0
    writers: set[asyncio.StreamWriter] = field(factory=set)
    tasks: set[asyncio.Task[None]] = field(factory=set)

    def begin(self, case: FuzzCase, *users: dict[str, Any], plays_reads: bool = False) -> TruthLog:
        """Play this case on an account with these users; return its log."""
        self.case, self.log, self.plays_reads = case, TruthLog(), plays_reads
        self.users = {user["login"]: user for user in users}
        return self.log

    def disconnect(self) -> None:
        """Close all connections, as a restart does."""
        for writer in self.writers:
            writer.transport.abort()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self.tasks.add(task)
        self.writers.add(writer)
        task.add_done_callback(lambda task: (self.tasks.discard(task), self.writers.discard(writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):  # the client may close at any time
                if self.case is not None and self.case.read == "nothing":
                    await self._respond(self._take_case(), reader, writer)
                while await self._serve_one(reader, writer):
                    pass
        finally:
            writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve a request; return whether another may follow."""
        first = await reader.read(1)
        if not first:
            return False
        is_played, case = (first == b"G") == self.plays_reads, None
        if is_played:
            self.log.requests += 1
            self.log.received += 1
            case = self._take_case() if self.case is not None else None
        if case is not None and case.read == "some":
            return await self._respond(case, reader, writer)
        head = first + await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        if is_played:
            self.log.received += len(head) - 1 + len(body)
        if case is None:
            writer.write(self._healthy(head, body))
            return True
        if case.carried_out:
            self._healthy(head, body)
        return await self._respond(case, reader, writer)

    def _take_case(self) -> FuzzCase:
        case, self.case = self.case, None
        assert case is not None
        return case

    async def _respond(self, case: FuzzCase, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        data = case.sent
        size = max(1, -(-len(data) // case.pieces))
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await asyncio.sleep(0)
        # What is left of the request would be taken for the next one.
        ending = "close" if case.ending == "keep" and case.read != "all" else case.ending
        return await getattr(self, f"_{ending.replace(' ', '_')}")(reader, writer)

    async def _keep(self, *_: object) -> bool:
        return True

    async def _close(self, _: object, writer: asyncio.StreamWriter) -> bool:
        writer.close()
        await writer.wait_closed()
        return False

    async def _reset(self, _: object, writer: asyncio.StreamWriter) -> bool:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    async def _half_close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write_eof()
        return await self._silence(reader, writer)

    async def _silence(self, reader: asyncio.StreamReader, _: object) -> bool:
        while await reader.read(1 << 16):
            pass
        return False

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        while not writer.transport.is_closing():
            writer.write(b" ")
            await asyncio.sleep(DRIP)
        return False

    def _healthy(self, head: bytes, body: bytes) -> bytes:
        """Carry out a request, and return the response."""
        method, target, _ = head.split(b" ", 2)
        login = unquote(target.partition(b"?")[0].decode().removeprefix("/api/v1/users").lstrip("/"))
        if method == b"POST":
            return self._create(dict(parse_qsl(body.decode("latin-1"))))
        if not login:
            return _response(200, list(self.users.values()))
        if login not in self.users:
            return _response(404, {"error": "not found"})
        if method == b"DELETE":
            self.log.effects.append(login)
            return _response(200, self.users.pop(login))
        return _response(200, self.users[login])

    def _create(self, form: dict[str, str]) -> bytes:
        login = form.get("login", "ada")
        if login in self.users:
            return _response(422, {"error": "registered"})
        names = {name: form.get(name, "") for name in ("first_name", "last_name")}
        self.users[login] = {"id": len(self.users) + 1, "login": login, **names}
        self.log.effects.append(login)
        return _response(200, self.users[login])


def _length(head: bytes) -> int:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


def _response(status: int, data: Any) -> bytes:
    content = json.dumps(data).encode()
    head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(content)) + content


@asynccontextmanager
async def fuzz_server() -> AsyncIterator[FuzzServer]:
    server = FuzzServer()
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0, limit=1 << 20, backlog=100)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        tasks = [*server.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
