"""Who takes part, and how each makes the same call: a form POST with the key, the status checked, the answer typed.

The hand-written ones decode with our own `decode`, so that the rest is compared; the generated ones bring theirs.
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from attrs import frozen

from coggno import AsyncCoggno
from coggno._generated.operations import CREATE_USER
from coggno._protocol.decode import decode

KEY: Final = "test_key"
BASIC: Final = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
FORM: Final = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "difference"}
PATH: Final = "/api/v1/users"

Call = Callable[[], Awaitable[Any]]


@frozen
class Peer:
    """A way to make the call. `open` takes the address and the size of the pool."""

    title: str
    open: Callable[[str, int], AbstractAsyncContextManager[Call]]
    is_ours: bool = False


@asynccontextmanager
async def coggno_default(url: str, pool: int) -> AsyncIterator[Call]:
    async with AsyncCoggno(KEY, base_url=url, max_connections=pool) as coggno:
        yield lambda: coggno.users.create(**FORM)


@asynccontextmanager
async def coggno_aiohttp(url: str, pool: int) -> AsyncIterator[Call]:
    async with AsyncCoggno(KEY, base_url=url, max_connections=pool, http_client="aiohttp") as coggno:
        yield lambda: coggno.users.create(**FORM)


@asynccontextmanager
async def coggno_httpx(url: str, pool: int) -> AsyncIterator[Call]:
    import httpx

    limits = httpx.Limits(max_connections=pool, max_keepalive_connections=pool)
    async with httpx.AsyncClient(limits=limits) as client, AsyncCoggno(KEY, base_url=url, http_client=client) as coggno:
        yield lambda: coggno.users.create(**FORM)


@asynccontextmanager
async def plain_httpx(url: str, pool: int) -> AsyncIterator[Call]:
    import httpx

    async with _like_httpx(httpx, url, pool) as call:
        yield call


@asynccontextmanager
async def plain_httpx2(url: str, pool: int) -> AsyncIterator[Call]:
    import httpx2

    async with _like_httpx(httpx2, url, pool) as call:
        yield call


@asynccontextmanager
async def _like_httpx(library: Any, url: str, pool: int) -> AsyncIterator[Call]:
    limits = library.Limits(max_connections=pool, max_keepalive_connections=pool)
    async with library.AsyncClient(base_url=url, auth=(KEY, ""), timeout=60, limits=limits) as client:

        async def call() -> Any:
            response = await client.post(PATH, data=FORM)
            response.raise_for_status()
            return decode(CREATE_USER, response.content)

        yield call


@asynccontextmanager
async def hand_written_aiohttp(url: str, pool: int) -> AsyncIterator[Call]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=pool)
    async with aiohttp.ClientSession(url, headers={"Authorization": BASIC}, connector=connector) as session:

        async def call() -> Any:
            async with session.post(PATH, data=FORM) as response:
                response.raise_for_status()
                return decode(CREATE_USER, await response.read())

        yield call


@asynccontextmanager
async def openapi_python_client(url: str, pool: int) -> AsyncIterator[Call]:
    import httpx
    from opc_client import AuthenticatedClient
    from opc_client.api.users import create_user
    from opc_client.models import NewUser

    limits = httpx.Limits(max_connections=pool, max_keepalive_connections=pool)
    async with AuthenticatedClient(
        base_url=url,
        prefix="Basic",
        token=BASIC.removeprefix("Basic "),
        raise_on_unexpected_status=True,
        timeout=httpx.Timeout(60),
        httpx_args={"limits": limits},
    ) as client:
        yield lambda: create_user.asyncio(client=client, body=NewUser(**FORM))


@asynccontextmanager
async def openapi_generator(url: str, pool: int) -> AsyncIterator[Call]:
    from openapi_client import ApiClient, Configuration, UsersApi

    configuration = Configuration(host=url, username=KEY, password="")
    configuration.connection_pool_maxsize = pool
    async with ApiClient(configuration) as client:
        users = UsersApi(client)
        yield lambda: users.create_user(**FORM)


@asynccontextmanager
async def bare(url: str, pool: int) -> AsyncIterator[Call]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(_Bare, host, port) for _ in range(pool)]
    idle = deque(protocol for _, protocol in opened)
    turns = asyncio.Semaphore(pool)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {BASIC}\r\nAccept: application/json\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    ).encode()

    async def call() -> Any:
        body = urlencode(FORM).encode()
        async with turns:
            connection = idle.popleft()
            try:
                status, content = await connection.exchange(b"%b%d\r\n\r\n%b" % (head, len(body), body))
            finally:
                idle.append(connection)
        if not 200 <= status < 300:
            raise ValueError(status)
        return decode(CREATE_USER, content)

    try:
        yield call
    finally:
        for transport, _ in opened:
            transport.abort()


class _Bare(asyncio.Protocol):
    """One request at a time on one connection; httptools parses the answer."""

    def __init__(self) -> None:
        import httptools

        self._new_parser = httptools.HttpResponseParser

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def exchange(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self._answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._parser = self._new_parser(self)
        self._body = b""
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._answer.done():  # nobody waits any more when a run is over
            self._answer.set_result((self._parser.get_status_code(), self._body))


# In this order they are measured: who is compared stands beside the other, because a machine's speed changes with time.
PEERS: Final[Mapping[str, Peer]] = {
    "coggno": Peer("**coggno**, default engine", coggno_default, is_ours=True),
    "httpx": Peer("plain httpx", plain_httpx),
    "coggno-httpx": Peer("**coggno** on an `httpx.AsyncClient`", coggno_httpx, is_ours=True),
    "openapi-python-client": Peer("openapi-python-client (on httpx)", openapi_python_client),
    "httpx2": Peer("plain httpx2", plain_httpx2),
    "coggno-aiohttp": Peer('**coggno**, `http_client="aiohttp"`', coggno_aiohttp, is_ours=True),
    "aiohttp": Peer("hand-written aiohttp", hand_written_aiohttp),
    "openapi-generator": Peer("openapi-generator (on aiohttp)", openapi_generator),
    "bare": Peer("bare asyncio protocol + httptools: the limit", bare),
}
