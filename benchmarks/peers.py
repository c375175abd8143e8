"""The clients that are compared, and how each makes the same call: a form POST with a typed response.

Hand-written clients use our `decode`, so that everything else is compared; generated clients use their own.
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
    """A client that is measured. `open` takes the base URL and the number of connections."""

    title: str
    open: Callable[[str, int], AbstractAsyncContextManager[Call]]
    is_ours: bool = False


@asynccontextmanager
async def coggno_default(url: str, connections: int) -> AsyncIterator[Call]:
    async with AsyncCoggno(KEY, base_url=url, max_connections=connections) as coggno:
        yield lambda: coggno.users.create(**FORM)


@asynccontextmanager
async def coggno_aiohttp(url: str, connections: int) -> AsyncIterator[Call]:
    async with AsyncCoggno(KEY, base_url=url, max_connections=connections, http_client="aiohttp") as coggno:
        yield lambda: coggno.users.create(**FORM)


@asynccontextmanager
async def coggno_httpx(url: str, connections: int) -> AsyncIterator[Call]:
    import httpx

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(limits=limits) as client, AsyncCoggno(KEY, base_url=url, http_client=client) as coggno:
        yield lambda: coggno.users.create(**FORM)


@asynccontextmanager
async def plain_httpx(url: str, connections: int) -> AsyncIterator[Call]:
    import httpx

    async with _like_httpx(httpx, url, connections) as call:
        yield call


@asynccontextmanager
async def plain_httpx2(url: str, connections: int) -> AsyncIterator[Call]:
    import httpx2

    async with _like_httpx(httpx2, url, connections) as call:
        yield call


@asynccontextmanager
async def _like_httpx(library: Any, url: str, connections: int) -> AsyncIterator[Call]:
    limits = library.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with library.AsyncClient(base_url=url, auth=(KEY, ""), timeout=60, limits=limits) as client:

        async def call() -> Any:
            response = await client.post(PATH, data=FORM)
            response.raise_for_status()
            return decode(CREATE_USER, response.content)

        yield call


@asynccontextmanager
async def hand_written_aiohttp(url: str, connections: int) -> AsyncIterator[Call]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(url, headers={"Authorization": BASIC}, connector=connector) as session:

        async def call() -> Any:
            async with session.post(PATH, data=FORM) as response:
                response.raise_for_status()
                return decode(CREATE_USER, await response.read())

        yield call


@asynccontextmanager
async def openapi_python_client(url: str, connections: int) -> AsyncIterator[Call]:
    import httpx
    from opc_client import AuthenticatedClient
    from opc_client.api.users import create_user
    from opc_client.models import NewUser

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
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
async def openapi_generator(url: str, connections: int) -> AsyncIterator[Call]:
    from openapi_client import ApiClient, Configuration, UsersApi

    configuration = Configuration(host=url, username=KEY, password="")
    configuration.connection_pool_maxsize = connections
    async with ApiClient(configuration) as client:
        users = UsersApi(client)
        yield lambda: users.create_user(**FORM)


@asynccontextmanager
async def bare(url: str, connections: int) -> AsyncIterator[Call]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(_Bare, host, port) for _ in range(connections)]
    idle = deque(protocol for _, protocol in opened)
    limiter = asyncio.Semaphore(connections)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {BASIC}\r\nAccept: application/json\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    ).encode()

    async def call() -> Any:
        body = urlencode(FORM).encode()
        async with limiter:
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
    """One request at a time on one connection; httptools parses the response."""

    def __init__(self) -> None:
        import httptools

        self._new_parser = httptools.HttpResponseParser

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def exchange(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self._response: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._parser = self._new_parser(self)
        self._body = b""
        self._transport.write(request)
        return self._response

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._response.done():  # cancelled at the end of a run
            self._response.set_result((self._parser.get_status_code(), self._body))


# The order of measurement: peers that are compared follow each other, because the speed of a machine changes with time.
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
