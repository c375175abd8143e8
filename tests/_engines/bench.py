"""A client of some kind, and a server with some trouble."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import attrs
import trustme
from attrs import define, field, frozen

from coggno import AsyncCoggno, Timeout
from coggno._engines.base import EngineResponse
from coggno._generated import operations
from coggno._protocol.operation import Request

from .kinds import Kind, Setting
from .secrecy import KEY, PASSWORD
from .server import Server, healthy, listening_socket, read, respond, signal, user, wait_for
from .server import tls as starttls

GRACE = {
    "email": "grace@x.example",
    "first_name": "Grace",
    "last_name": "Hopper",
    "password": PASSWORD,
    "login": "grace",
}
PATIENT = Timeout(connect=20, read=20, write=20, pool=20)
HASTE = 0.08  # seconds: the limit that is to run out
MAX_RESPONSE = 100_000  # bytes

Trouble: TypeAlias = Callable[["Bench"], Awaitable[None]]


@define
class Bench:
    """A client, a server, and what is wrong between them."""

    server: Server
    socket: socket.socket
    stack: AsyncExitStack
    host: str = "127.0.0.1"
    heal: Callable[[], Awaitable[None]] | None = None
    """Ends the trouble, where it does not end by itself."""
    coggno: AsyncCoggno = field(init=False)

    @property
    def port(self) -> int:
        return self.socket.getsockname()[1]

    async def listen(self) -> None:
        await self.server.listen(self.socket)

    async def end_trouble(self) -> None:
        """End the trouble."""
        heal, self.heal = self.heal, None
        if heal is not None:
            await heal()

    async def once(self, request: Request[Any]) -> EngineResponse:
        """Send a request through the engine, once."""
        session = self.coggno._session
        return await session.engine.send(
            session.prepare(request), session.config.timeout, session.config.max_response_bytes
        )

    async def create(self, **changes: Any) -> EngineResponse:
        return await operations.create_user(self.once, **{**GRACE, **changes})

    async def get(self, login: str = "ada") -> EngineResponse:
        return await operations.get_user(self.once, login)

    async def delete(self, login: str = "ada") -> EngineResponse:
        return await operations.delete_user(self.once, login)


@asynccontextmanager
async def bench(
    kind: Kind,
    *scripts: Any,
    trouble: Trouble | None = None,
    limits: Timeout = PATIENT,
    tls: bool = False,
    size: int = 1,
    host: str = "127.0.0.1",
    max_retries: int = 3,
) -> AsyncIterator[Bench]:
    """A server that plays `scripts`, with a user `ada`, and a client whose pauses end the trouble and take no time."""
    async with AsyncExitStack() as stack:
        sock = listening_socket("::1" if host == "[::1]" else "127.0.0.1")
        stack.callback(sock.close)
        server = Server(list(scripts), greeting=(starttls(lambda: certificates().good),) if tls else ())
        server.users["ada"] = user("ada")
        stack.push_async_callback(server.aclose)
        this = Bench(server, sock, stack, host)
        if trouble is None:
            await this.listen()
        http_client = await stack.enter_async_context(kind.opened(Setting(certificates().trust, size)))
        coggno = AsyncCoggno(
            KEY,
            base_url=f"http{'s' if tls else ''}://{this.host}:{this.port}",
            http_client=http_client,
            timeout=limits,
            max_connections=size,
            max_response_bytes=MAX_RESPONSE,
            max_retries=max_retries,
        )
        this.coggno = await stack.enter_async_context(_impatient(coggno, this))
        if trouble is not None:
            await trouble(this)
        yield this
        await this.end_trouble()


@asynccontextmanager
async def _impatient(coggno: AsyncCoggno, this: Bench) -> AsyncIterator[AsyncCoggno]:
    async def sleep(_: float) -> None:
        await this.end_trouble()

    async with coggno:
        coggno._init(attrs.evolve(coggno._session, sleep=sleep), owner=True)
        yield coggno


# Certificates


@frozen
class Certificates:
    trust: ssl.SSLContext
    """What the clients trust."""
    good: ssl.SSLContext
    elsewhere: ssl.SSLContext
    """Of the right authority, for another host."""
    foreign: ssl.SSLContext
    """For the right host, of an authority that the clients do not trust."""


@functools.cache
def certificates() -> Certificates:
    authority, other = trustme.CA(), trustme.CA()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trust)
    here = ("localhost", "127.0.0.1", "::1")
    return Certificates(
        trust, _server(authority, *here), _server(authority, "elsewhere.example"), _server(other, *here)
    )


def _server(authority: trustme.CA, *hosts: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*hosts).configure_cert(context)
    return context


# Troubles that are no script


async def refused(this: Bench) -> None:
    """The port is closed until the client pauses."""
    this.heal = this.listen


async def black_hole(this: Bench) -> None:
    """The queue of connections to accept is full: the kernel drops further ones.

    A queue of length 0 takes one connection (Linux), and that is ours.
    """
    this.socket.listen(0)
    filler = socket.create_connection(this.socket.getsockname())
    this.stack.callback(filler.close)

    async def heal() -> None:
        filler.close()
        await this.listen()

    this.heal = heal


async def unknown_name(this: Bench) -> None:
    """The host has no address until the client pauses."""

    async def resolve(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    await _with_names(this, resolve)


async def silent_names(this: Bench) -> None:
    """The name server does not response until the client pauses."""
    resolved = asyncio.Event()
    getaddrinfo = asyncio.get_running_loop().getaddrinfo

    async def resolve(*args: Any, **options: Any) -> Any:
        await resolved.wait()
        return await getaddrinfo(*args, **options)

    await _with_names(this, resolve, resolved.set)


async def _with_names(this: Bench, resolve: Any, then: Callable[[], None] = lambda: None) -> None:
    """Resolve names like this, for every engine: all of them use the loop."""
    await this.listen()
    loop: Any = asyncio.get_running_loop()
    loop.getaddrinfo = resolve

    async def heal() -> None:
        del loop.getaddrinfo
        then()

    this.heal = heal


async def busy(this: Bench) -> None:
    """The only connection is in use."""
    await this.listen()
    held, free = asyncio.Event(), asyncio.Event()
    this.server.scripts.insert(0, (read, signal(held), wait_for(free), respond, healthy))
    holder = asyncio.ensure_future(this.get())
    await held.wait()
    this.server.heads.clear()

    async def heal() -> None:
        free.set()
        await holder

    this.heal = heal


async def warm(this: Bench) -> None:
    """A call has succeeded on the connection, and the first script continues after it."""
    await this.listen()
    await this.get()
    for _ in range(5):
        await asyncio.sleep(0)  # a close that follows is noticed
    this.server.heads.clear()
