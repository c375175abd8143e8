"""What of the caller's client gets into our requests: what its hooks add, and none of its default headers.

Default headers of a client are meant for all its requests (a bearer token, say) and could be a secret that is not for
Coggno. Instrumentation adds its headers in hooks and transports; those run for our requests as well.
"""

from __future__ import annotations

import aiohttp
import httpx
import pytest

from coggno import AsyncCoggno

from .kinds import HTTPX, HTTPX2, on
from .secrecy import AUTHORIZATION, KEY
from .server import serving

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def headers_sent(client, url, server):
    """The headers of one request through `client`."""
    async with AsyncCoggno(KEY, base_url=url, http_client=client) as coggno:
        await coggno.users.list()
    (head,) = server.heads
    assert head.header("authorization") == AUTHORIZATION
    return dict(head.headers)


@on(HTTPX, HTTPX2)
async def test_event_hook_of_httpx_adds_trace_context(kind):
    async def hook(request):
        request.headers["traceparent"] = PARENT

    library = pytest.importorskip(kind.name)
    async with serving() as (server, url), library.AsyncClient(event_hooks={"request": [hook]}) as client:
        assert (await headers_sent(client, url, server))["traceparent"] == PARENT


async def test_transport_of_httpx_adds_trace_context():
    """As OpenTelemetry's instrumentation of httpx does."""

    class Instrumented(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            request.headers["traceparent"] = PARENT
            return await super().handle_async_request(request)

    async with serving() as (server, url), httpx.AsyncClient(transport=Instrumented()) as client:
        assert (await headers_sent(client, url, server))["traceparent"] == PARENT


async def test_trace_config_of_aiohttp_adds_trace_context():
    """As OpenTelemetry's instrumentation of aiohttp does."""

    async def start(session, context, params):
        params.headers["traceparent"] = PARENT

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    async with serving() as (server, url), aiohttp.ClientSession(trace_configs=[trace]) as session:
        assert (await headers_sent(session, url, server))["traceparent"] == PARENT


@pytest.mark.parametrize("make", [httpx.AsyncClient, aiohttp.ClientSession])
async def test_default_headers_are_not_sent(make):
    async with serving() as (server, url), make(headers={"traceparent": PARENT, "X-Theirs": "1"}) as client:
        assert {"traceparent", "x-theirs"} & set(await headers_sent(client, url, server)) == set()
