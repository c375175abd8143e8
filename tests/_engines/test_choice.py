"""Which engine `http_client=` leads to, and which clients are refused."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import httpx
import pytest

from coggno import APITimeoutError, AsyncCoggno, ConfigurationError
from coggno._engines import engine_for
from coggno._engines.aiohttp import AiohttpEngine, OwnAiohttpEngine
from coggno._engines.default import DefaultEngine
from coggno._engines.httpx import HttpxEngine

from .bench import bench, certificates
from .kinds import AIOHTTP, DEFAULT, Setting
from .secrecy import KEY
from .server import serving

ADDRESS = "https://beta.coggno.com"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".upper(), raising=False)


def choose(http_client=None, base_url=ADDRESS, max_connections=7):
    return engine_for(http_client, base_url=base_url, max_connections=max_connections)


async def test_nothing_given_is_the_default_engine():
    assert isinstance(choose(), DefaultEngine)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "ü" * 60 + ".example"])
@pytest.mark.parametrize("http_client", [None, "aiohttp"])
async def test_invalid_host_name_is_refused(host, http_client):
    """When it is looked up it would look like a failure of unknown outcome."""
    with pytest.raises(ConfigurationError, match="not a valid host name"):
        choose(http_client, f"https://{host}")


@pytest.mark.parametrize("address", ["http://[::1]:8000", "https://BÜCHER.example./x", "http://127.0.0.1", "https://x"])
async def test_other_host_names_are_accepted(address):
    choose(None, address)


async def test_httpx_client_is_used():
    async with httpx.AsyncClient(trust_env=False) as client:
        engine = choose(client)
        assert type(engine) is HttpxEngine
        assert (engine.client, engine.library) == (client, httpx)


async def test_httpx2_client_is_used():
    httpx2 = pytest.importorskip("httpx2")
    async with httpx2.AsyncClient(trust_env=False) as client:
        engine = choose(client)
        assert type(engine) is HttpxEngine
        assert (engine.client, engine.library) == (client, httpx2)


async def test_derived_client_class_is_accepted():
    class Derived(httpx.AsyncClient):
        pass

    async with Derived(trust_env=False) as client:
        assert isinstance(choose(client), HttpxEngine)


async def test_aiohttp_session_lends_its_connector():
    async with aiohttp.ClientSession() as session:
        engine = choose(session)
        assert type(engine) is AiohttpEngine
        assert engine._session.connector is session.connector
        assert engine._session is not session
        await engine.aclose()
        assert not session.closed


async def test_aiohttp_by_name_has_a_session_of_ours():
    async with bench(AIOHTTP, size=7) as this:
        engine = this.coggno._session.engine
        assert type(engine) is OwnAiohttpEngine
        await this.get()
        assert engine._session.connector.limit == 7
        await engine.aclose()
        assert engine._session.closed


def test_aiohttp_by_name_may_be_made_outside_a_loop():
    asyncio.run(choose("aiohttp").aclose())


async def test_connector_without_a_limit_is_not_limited():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        queue = choose(session)._queue
        for _ in range(1000):
            await queue.take(limit=0.001)


async def test_queue_is_as_long_as_the_pool_of_httpx():
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=2), trust_env=False) as client:
        engine = choose(client)
        engine._start()
        await engine._queue.take(None)
        await engine._queue.take(None)
        with pytest.raises(APITimeoutError):
            await engine._queue.take(0.001)


@pytest.mark.parametrize(
    "options",
    [{"limits": httpx.Limits(max_connections=None)}, {"transport": httpx.MockTransport(lambda _: httpx.Response(200))}],
    ids=["no limit", "no pool"],
)
async def test_httpx_client_without_a_limit_is_not_limited(options):
    async with httpx.AsyncClient(**options) as client:
        engine = choose(client)
        engine._start()
        for _ in range(1000):
            await engine._queue.take(0.001)


@pytest.mark.parametrize("name", ["httpx", "requests", "", "AIOHTTP"])
def test_no_other_engine_is_chosen_by_name(name):
    with pytest.raises(ConfigurationError, match="by name is 'aiohttp'"):
        choose(name)


@pytest.mark.parametrize("thing", [object, dict, lambda: httpx, lambda: 5, lambda: AsyncCoggno])
def test_what_is_no_client_is_refused_and_named(thing):
    with pytest.raises(ConfigurationError, match=r"must be an httpx\.AsyncClient, an httpx2.* not "):
        choose(thing())


class Session:
    """Like `requests.Session`, which need not be installed."""

    __module__ = "requests.sessions"


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda: httpx.Client(trust_env=False), r"httpx\.Client is for synchronous code; pass an httpx\.AsyncClient"),
        (
            lambda: pytest.importorskip("httpx2").Client(trust_env=False),
            r"httpx2\.Client is for synchronous code; pass an httpx2\.AsyncClient",
        ),
        (Session, r"requests\.Session is for synchronous code; pass an httpx\.AsyncClient"),
    ],
    ids=["httpx", "httpx2", "requests"],
)
def test_synchronous_client_is_refused_with_a_hint(make, hint):
    client = make()
    with pytest.raises(ConfigurationError, match=hint):
        choose(client)
    if hasattr(client, "close"):
        client.close()


def test_aiohttp_session_needs_a_running_loop():
    async def make():
        return aiohttp.ClientSession()

    with asyncio.Runner() as runner:
        session = runner.run(make())
        with pytest.raises(ConfigurationError, match="make the client in a coroutine"):
            choose(session)
        runner.run(session.close())


def test_missing_aiohttp_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in ("aiohttp", "aiohttp_private"):
        monkeypatch.delitem(sys.modules, f"coggno._engines.{name}")
    with pytest.raises(ConfigurationError, match=r"pip install 'coggno\[aiohttp\]'"):
        choose("aiohttp")


async def test_closed_aiohttp_session_is_refused():
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(ConfigurationError, match="closed"):
        choose(session)


async def test_aiohttp_session_closed_later_is_reported():
    async with serving() as (_, url):
        session = aiohttp.ClientSession()
        coggno = AsyncCoggno(KEY, base_url=url, http_client=session)
        await session.close()
        with pytest.raises(ConfigurationError, match="http_client is closed; close it after"):
            await coggno.users.list()


async def test_closed_httpx_client_is_reported_by_a_call():
    client = httpx.AsyncClient(trust_env=False)
    await client.aclose()
    with pytest.raises(ConfigurationError, match="http_client is closed; close it after"):
        await AsyncCoggno(KEY, http_client=client).users.list()


@pytest.mark.parametrize("kind", [DEFAULT, AIOHTTP], ids=str)
async def test_client_may_be_closed_without_a_call(kind):
    async with kind.opened(Setting(certificates().trust, 1)) as client, AsyncCoggno(KEY, http_client=client):
        pass


def test_default_engine_may_be_made_outside_a_loop():
    coggno = AsyncCoggno(KEY)
    asyncio.run(coggno.aclose())


def test_proxied_engine_may_be_made_outside_a_loop(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    engine = choose()
    asyncio.run(engine.aclose())
