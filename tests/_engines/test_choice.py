"""Which engine `http_client=` and the environment lead to."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import httpx
import pytest

from coggno import APIConnectionError, APITimeoutError, AsyncCoggno, ConfigurationError
from coggno._engines import engine_for, proxied
from coggno._engines.aiohttp import AiohttpEngine
from coggno._engines.httpcore import HttpcoreEngine
from coggno._engines.httpx import HttpxEngine
from coggno._engines.origin import Origin

from .kinds import AIOHTTP, DEFAULT, Setting
from .secrecy import KEY
from .server import answer_bytes, close, listening_socket, read_head, send, serving
from .world import certificates, world

ADDRESS = "https://beta.coggno.com"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".upper(), raising=False)


def choose(http_client=None, base_url=ADDRESS):
    return engine_for(http_client, base_url=base_url, max_connections=7)


async def test_nothing_given_is_the_default_engine():
    assert isinstance(choose(), HttpcoreEngine)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "ü" * 60 + ".example"])
@pytest.mark.parametrize("http_client", [None, "aiohttp"])
async def test_a_name_that_no_host_can_have_is_refused(host, http_client):
    """When it is looked up it would look like a failure of unknown outcome."""
    with pytest.raises(ConfigurationError, match="not a valid host name"):
        choose(http_client, f"https://{host}")


@pytest.mark.parametrize("address", ["http://[::1]:8000", "https://BÜCHER.example./x", "http://127.0.0.1", "https://x"])
async def test_all_other_names_are_taken(address):
    choose(None, address)


async def test_a_client_of_httpx_is_used():
    async with httpx.AsyncClient(trust_env=False) as client:
        engine = choose(client)
        assert isinstance(engine, HttpxEngine)
        assert (engine.client, engine.library, engine.owned) == (client, httpx, False)


async def test_a_client_of_httpx2_is_used():
    httpx2 = pytest.importorskip("httpx2")
    async with httpx2.AsyncClient(trust_env=False) as client:
        engine = choose(client)
        assert isinstance(engine, HttpxEngine)
        assert (engine.client, engine.library, engine.owned) == (client, httpx2, False)


async def test_a_class_derived_from_a_client_is_one():
    class Derived(httpx.AsyncClient):
        pass

    async with Derived(trust_env=False) as client:
        assert isinstance(choose(client), HttpxEngine)


async def test_a_session_of_aiohttp_is_used():
    async with aiohttp.ClientSession() as session:
        engine = choose(session)
        assert isinstance(engine, AiohttpEngine)
        assert engine.session.connector is session.connector
        assert engine.session is not session
        await engine.aclose()
        assert not session.closed


async def test_aiohttp_by_name():
    engine = choose("aiohttp")
    assert isinstance(engine, AiohttpEngine)
    assert engine.session.connector.limit == 7
    await engine.aclose()
    assert engine.session.closed


async def test_a_connector_without_a_limit_is_taken_as_it_is():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        turns = choose(session).turns
        for _ in range(1000):
            await turns.take(limit=0.001)


async def test_as_many_turns_as_the_pool_of_an_httpx_client_has_connections():
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=2)) as client:
        turns = choose(client).turns
        await turns.take(None)
        await turns.take(None)
        with pytest.raises(APITimeoutError):
            await turns.take(0.001)


@pytest.mark.parametrize(
    "options",
    [{"limits": httpx.Limits(max_connections=None)}, {"transport": httpx.MockTransport(lambda _: httpx.Response(200))}],
    ids=["no limit", "no pool"],
)
async def test_an_httpx_client_without_a_limit_is_taken_as_it_is(options):
    async with httpx.AsyncClient(**options) as client:
        turns = choose(client).turns
        for _ in range(1000):
            await turns.take(0.001)


@pytest.mark.parametrize("name", ["httpx", "requests", "", "AIOHTTP"])
def test_no_other_engine_has_a_name(name):
    with pytest.raises(ConfigurationError, match="by name is 'aiohttp'"):
        choose(name)


@pytest.mark.parametrize("thing", [httpx.Client, object, dict, httpx.AsyncHTTPTransport, lambda: httpx, lambda: 5])
def test_what_is_no_client_is_refused_and_named(thing):
    given = thing()
    with pytest.raises(ConfigurationError, match=r"must be an httpx\.AsyncClient, an httpx2"):
        choose(given)
    if isinstance(given, httpx.Client):
        given.close()


def test_aiohttp_outside_a_loop_says_what_to_do():
    with pytest.raises(ConfigurationError, match="inside a coroutine"):
        choose("aiohttp")


def test_a_session_of_aiohttp_outside_a_loop_says_what_to_do():
    async def make():
        return aiohttp.ClientSession()

    with asyncio.Runner() as runner:
        session = runner.run(make())
        with pytest.raises(ConfigurationError, match="inside a coroutine"):
            choose(session)
        runner.run(session.close())


def test_without_aiohttp_the_name_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "coggno._engines.aiohttp")
    with pytest.raises(ConfigurationError, match=r"pip install 'coggno\[aiohttp\]'"):
        choose("aiohttp")


async def test_a_closed_session_is_refused():
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(ConfigurationError, match="closed"):
        choose(session)


async def test_a_closed_client_of_httpx_is_refused_with_the_first_call():
    client = httpx.AsyncClient(trust_env=False)
    await client.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await AsyncCoggno(KEY, http_client=client).users.list()


# Proxies


@pytest.mark.parametrize(
    ("environment", "address", "expected"),
    [
        ({}, ADDRESS, False),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, ADDRESS, True),
        ({"https_proxy": "http://proxy.example:3128"}, ADDRESS, True),
        ({"ALL_PROXY": "http://proxy.example:3128"}, ADDRESS, True),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, ADDRESS, False),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, "http://localhost:8000", True),
        ({"HTTPS_PROXY": ""}, ADDRESS, False),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "coggno.com"}, ADDRESS, False),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": ".coggno.com"}, ADDRESS, False),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "*"}, ADDRESS, False),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "other.com"}, ADDRESS, True),
        ({"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "localhost"}, "http://localhost:8000", False),
        ({"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "localhost:9"}, "http://localhost:8000", True),
    ],
)
async def test_a_proxy_of_the_environment_leads_to_httpx(environment, address, expected, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxied(Origin.of(address)) is expected
    engine = choose(base_url=address)
    assert isinstance(engine, HttpxEngine if expected else HttpcoreEngine)
    if isinstance(engine, HttpxEngine):
        assert engine.owned
    await engine.aclose()


async def test_a_call_goes_through_the_proxy(monkeypatch):
    async with serving((read_head, send(answer_bytes([])), close)) as (proxy, url):
        monkeypatch.setenv("HTTP_PROXY", url)
        async with AsyncCoggno(KEY, base_url="http://127.0.0.1:9") as coggno:
            assert await coggno.users.list() == []
    assert [head.target for head in proxy.heads] == ["http://127.0.0.1:9/api/v1/users"]


async def test_a_proxy_that_refuses_is_a_request_that_was_not_sent(monkeypatch):
    with listening_socket() as nobody:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        async with AsyncCoggno(KEY, base_url="http://127.0.0.1:9", max_retries=0) as coggno:
            with pytest.raises(APIConnectionError) as caught:
                await coggno.users.list()
    assert caught.value.outcome == "not_sent"


async def test_a_proxy_that_does_not_open_the_tunnel_is_a_request_that_was_not_sent(monkeypatch):
    async with serving((read_head, send(answer_bytes(body=b"", status=407)), close)) as (proxy, url):
        monkeypatch.setenv("HTTPS_PROXY", url)
        async with AsyncCoggno(KEY, base_url="https://127.0.0.1:9", max_retries=0) as coggno:
            with pytest.raises(APIConnectionError) as caught:
                await coggno.users.list()
    assert caught.value.outcome == "not_sent"
    assert proxy.heads[0].raw.startswith(b"CONNECT 127.0.0.1:9 ")
    assert proxy.heads[0].header("authorization") is None


async def test_aiohttp_takes_no_proxy_from_the_environment(monkeypatch):
    """A documented difference: give it a session of your own with a proxy connector, or take the default."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with world(AIOHTTP) as this:
        assert (await this.get()).status == 200


@pytest.mark.parametrize("kind", [DEFAULT, AIOHTTP], ids=str)
async def test_a_client_may_be_made_and_closed_without_a_call(kind):
    async with kind.opened(Setting(certificates().trust, 1)) as client, AsyncCoggno(KEY, http_client=client):
        pass


def test_the_default_engine_may_be_made_outside_a_loop():
    coggno = AsyncCoggno(KEY)
    asyncio.run(coggno.aclose())
