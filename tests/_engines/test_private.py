"""What we use of the libraries' private parts. When a test fails after an update, its version broke it.

Each attribute is also deleted: then the engine goes on without it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

import aiohttp
import httpx
import pytest
import respx

from coggno import APIConnectionError, AsyncCoggno
from coggno._engines.aiohttp_private import CheckedRequest, _is_used_up, switch_off_repetitions
from coggno._engines.default import respx_private
from coggno._engines.httpx import HttpxEngine
from coggno._engines.httpx_private import HttpxPool, pool_of
from coggno._engines.origin import Origin

from .bench import bench, warm
from .kinds import SESSION
from .server import close, read, read_head, respond

ORIGIN = Origin.of("https://beta.coggno.com")


@pytest.fixture(params=["httpx", "httpx2"])
def library(request):
    return pytest.importorskip(request.param)


def broke(name):
    return f"{name} {importlib.metadata.version(name)} broke coggno._engines.{name.removesuffix('2')}_private"


def url_of(library):
    return library.URL(str(ORIGIN))


async def test_limit_of_a_pool_of_httpx(library):
    async with library.AsyncClient(limits=library.Limits(max_connections=7), trust_env=False) as client:
        pool = pool_of(client, url_of(library))
        assert pool == HttpxPool(max_connections=7, proxy=None), broke(library.__name__)


async def test_unlimited_pool_of_httpx(library):
    async with library.AsyncClient(limits=library.Limits(max_connections=None), trust_env=False) as client:
        assert pool_of(client, url_of(library)) == HttpxPool(None, None), broke(library.__name__)


async def test_proxy_of_a_pool_of_httpx(library):
    async with library.AsyncClient(proxy="http://user:s3cret@proxy.example:3128", trust_env=False) as client:
        pool = pool_of(client, url_of(library))
        assert pool is not None, broke(library.__name__)
        assert pool.proxy == "proxy.example:3128", broke(library.__name__)


async def test_transport_is_chosen_by_address(library):
    mounts = {"https://beta.coggno.com": library.AsyncHTTPTransport(limits=library.Limits(max_connections=3))}
    async with library.AsyncClient(mounts=mounts, trust_env=False) as client:
        assert pool_of(client, url_of(library)).max_connections == 3, broke(library.__name__)


async def test_test_double_has_no_pool(library):
    transport = library.MockTransport(lambda _: library.Response(200))
    async with library.AsyncClient(transport=transport) as client:
        assert pool_of(client, url_of(library)) is None


@pytest.mark.parametrize("attribute", ["_transport_for_url", "_transport", "_pool", "_max_connections", "_proxy_url"])
async def test_httpx_without_the_attribute(attribute, monkeypatch):
    """No limit in front of the pool, and no name of the proxy; the engine works."""
    async with httpx.AsyncClient(proxy="http://proxy.example:3128", trust_env=False) as client:
        transport = client._transport_for_url(url_of(httpx))
        if attribute == "_transport_for_url":
            monkeypatch.delattr(httpx.AsyncClient, attribute)
        elif attribute == "_transport":
            monkeypatch.delattr(httpx.AsyncClient, "_transport_for_url")
            monkeypatch.delattr(client, attribute)
        elif attribute == "_pool":
            monkeypatch.delattr(transport, attribute)
        else:
            monkeypatch.delattr(transport._pool, attribute)
        engine = HttpxEngine(client, ORIGIN)
        engine._start()
        assert engine._queue._size in {100, sys.maxsize}
        assert engine.proxy in {None, "proxy.example:3128"}
        monkeypatch.undo()


async def test_unknown_pool_is_left_alone():
    """A later httpcore may keep its connections in another way."""
    pool = HttpxPool(None, None, object())
    await pool.close_lost(None)
    await pool.close_if_polluted(None)


async def test_pool_of_httpx_has_what_is_closed(library):
    transport = library.AsyncHTTPTransport()
    assert transport._pool._connections == [], broke(library.__name__)
    assert transport._pool._requests == [], broke(library.__name__)
    assert transport._pool._assign_requests_to_connections() == [], broke(library.__name__)


async def test_aiohttp_sends_through_the_checked_request():
    """Its `send` marks the request as sent before the first byte leaves."""
    async with bench(SESSION) as this:
        session = this.coggno._session.engine._session
        assert session._request_class is CheckedRequest, broke("aiohttp")
        assert session._retry_connection is False, broke("aiohttp")
        assert (await this.get()).status == 200


async def test_repetitions_of_aiohttp_end_without_the_attribute(monkeypatch):
    """A middleware then leaves aiohttp no failure to repeat a request on."""
    monkeypatch.setattr("coggno._engines.aiohttp.switch_off_repetitions", lambda session: False)
    async with bench(SESSION, (read, respond, read_head, close), trouble=warm) as this:
        with pytest.raises(APIConnectionError) as caught:
            await this.get()
        assert caught.value.outcome == "unknown"
        assert this.server.methods == "GET"


def test_session_of_aiohttp_without_the_attribute():
    assert not switch_off_repetitions(object())


async def test_connection_of_aiohttp_has_what_is_checked(monkeypatch):
    connections = []
    send = aiohttp.ClientRequest.send

    async def observed(self, conn):
        connections.append((conn.transport.is_closing(), conn.protocol.should_close))
        return await send(self, conn)

    monkeypatch.setattr(aiohttp.ClientRequest, "send", observed)
    async with bench(SESSION) as this:
        await this.get()
    assert connections == [(False, False)], broke("aiohttp")


class Closing:
    def is_closing(self):
        return True


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"transport": None, "protocol": object()}, True),
        ({"transport": Closing(), "protocol": object()}, True),
        ({"transport": object(), "protocol": type("P", (), {"should_close": True})()}, True),
        ({"transport": object(), "protocol": type("P", (), {"should_close": False})()}, False),
        ({"protocol": object()}, False),
        ({"transport": object()}, False),
        ({}, False),
    ],
)
def test_connection_of_aiohttp_without_an_attribute(attributes, expected):
    assert _is_used_up(type("Connection", (), attributes)()) is expected


async def test_respx_sees_requests_of_the_default_engine():
    """Also of a client that was made before, and not after respx has ended."""
    coggno = AsyncCoggno("test_key", base_url="http://127.0.0.1:9", max_retries=0)
    async with coggno:
        assert not respx_private.is_active()
        with respx.mock:
            assert respx_private.is_active()
            respx.get("http://127.0.0.1:9/api/v1/groups").respond(json=[])
            assert await coggno.groups.list() == []
        with pytest.raises(APIConnectionError, match="no connection"):
            await coggno.groups.list()


def test_respx_without_an_attribute_is_not_active(monkeypatch):
    monkeypatch.delattr(respx.mocks, "Mocker")
    assert not respx_private.is_active()
