"""`EngineRequest.sent`: whoever cuts an attempt off from outside knows whether anything has left."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from coggno import APITimeoutError, AsyncCoggno, Timeout
from coggno._engines.base import EngineRequest
from coggno._engines.httpx import tracer
from coggno._engines.origin import Origin

from .bench import bench, black_hole, busy, silent_names, warm
from .kinds import AIOHTTP, DEFAULT, HTTPX, HTTPX2, SESSION, on, on_every_engine
from .secrecy import KEY
from .server import read, read_head, read_some, respond, signal, until_it_leaves, wait_for

ORIGIN = Origin.of("https://beta.coggno.com")


def a_request(content=b"", sent=True):
    headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "x"}
    request = EngineRequest(method="POST", target="/api/v1/users", headers=headers, content=content)
    request.sent = sent
    return request


async def cut_off(this, request, seconds=0.05):
    """Send a request under a time limit from outside, as the session does."""
    config = this.coggno._session.config
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await this.coggno._session.engine.send(request, config.timeout, 1000)


@on_every_engine
@pytest.mark.parametrize("trouble", [busy, black_hole, silent_names])
async def test_nothing_is_sent_before_a_connection_is_made(kind, trouble):
    host = "localhost" if trouble is silent_names else "127.0.0.1"
    async with bench(kind, trouble=trouble, host=host) as this:
        request = a_request()
        await cut_off(this, request)
        assert request.sent is False
        await this.end_trouble()


@on(DEFAULT, AIOHTTP, SESSION)  # httpcore leaves such a connection open until it is collected, see docs/engines.md
async def test_nothing_is_sent_in_the_tls_handshake(kind):
    async with bench(kind, (read_some, until_it_leaves), tls=True) as this:
        request = a_request()
        await cut_off(this, request)
        assert request.sent is False


@on_every_engine
@pytest.mark.parametrize("script", [(read_head, until_it_leaves), (until_it_leaves,)], ids=["read", "not read"])
async def test_request_without_a_response_was_sent(kind, script):
    async with bench(kind, script) as this:
        request = a_request()
        await cut_off(this, request)
        assert request.sent is True


@on_every_engine
async def test_request_on_a_used_connection_was_sent(kind):
    async with bench(kind, (read, respond, read_head, until_it_leaves), trouble=warm) as this:
        request = a_request(sent=False)
        await cut_off(this, request)
        assert request.sent is True


@on_every_engine
async def test_second_attempt_forgets_the_first(kind):
    """One request object serves all attempts of a call."""
    held, free = asyncio.Event(), asyncio.Event()
    async with bench(kind, (read_head, until_it_leaves), (read, signal(held), wait_for(free), respond)) as this:
        request = a_request()
        await cut_off(this, request)
        assert request.sent is True
        holder = asyncio.ensure_future(this.get())
        await held.wait()
        await cut_off(this, request)
        assert request.sent is False
        free.set()
        await holder


@on(HTTPX, HTTPX2)
async def test_pool_of_the_callers_client_may_be_full(kind):
    """The caller's own requests hold the connection; ours waits in the pool of httpx and is not sent."""
    held, free = asyncio.Event(), asyncio.Event()
    limits = Timeout(connect=20, read=20, write=20, pool=0.05)
    async with bench(kind, (read, signal(held), wait_for(free), respond), limits=limits) as this:
        client = this.coggno._session.engine.client
        theirs = asyncio.ensure_future(client.get(f"http://127.0.0.1:{this.port}/api/v1/users/ada"))
        await held.wait()
        with pytest.raises(APITimeoutError, match="PoolTimeout") as caught:
            await this.create()
        assert caught.value.outcome == "not_sent"
        free.set()
        await theirs
        assert this.server.methods == "GET"


async def test_transport_without_trace_counts_as_sent():
    """A test double, or a transport of the caller's: it may send at any time."""
    sent = []

    async def handle(request):
        sent.append(outgoing.sent)
        return httpx.Response(200, json=[])

    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    coggno = AsyncCoggno(KEY, http_client=client)
    outgoing = a_request(sent=False)
    await coggno._session.engine.send(outgoing, Timeout(), 1000)
    assert sent == [True]


@pytest.mark.parametrize(
    ("step", "sent"),
    [
        ("connection.connect_tcp.started", False),
        ("connection.start_tls.started", False),
        ("connection.retry.started", False),
        ("proxy.stream.start_tls.started", False),
        ("socks.setup_socks5_connection.started", False),
        ("http11.send_request_headers.started", True),
        ("http2.send_request_headers.started", True),
        ("http3.anything_new", True),
    ],
)
async def test_steps_of_httpcore(step, sent):
    request = a_request(sent=not sent)
    await tracer(request, ORIGIN)(step, {})
    assert request.sent is sent


async def test_tunnel_of_a_proxy_is_not_the_request():
    request = a_request(sent=False)
    tunnel = type("Request", (), {"method": b"CONNECT"})()
    trace = tracer(request, ORIGIN)
    await trace("http11.send_request_headers.started", {"request": tunnel})
    await trace("http11.send_request_headers.complete", {"return_value": None})
    await trace("http11.response_closed.started", {})
    assert request.sent is False


async def test_what_has_left_stays_sent():
    """A transport of the caller's may connect again and repeat the request."""
    request = a_request()
    trace = tracer(request, ORIGIN)
    await trace("connection.connect_tcp.started", {})
    await trace("http11.send_request_headers.started", {})
    await trace("connection.connect_tcp.started", {})
    assert request.sent is True
