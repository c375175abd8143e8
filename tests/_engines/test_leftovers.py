"""What a server sends beyond a response is never taken for the response to the next request."""

from __future__ import annotations

import asyncio

import pytest

from coggno import APIError

from .bench import bench
from .kinds import AIOHTTP, DEFAULT, SESSION, on, on_every_engine
from .server import healthy, read, respond, respond_with, response_bytes, send, signal, user, wait_for

FORGED = response_bytes(user("ada", first="Forged"))


@on_every_engine
async def test_second_response_with_the_first(kind):
    async with bench(kind, (read, respond_with(lambda response: response + FORGED), healthy), max_retries=1) as this:
        assert (await this.coggno.users.get("ada")).first_name == "Ada"
        assert (await this.coggno.users.get("ada")).first_name == "Ada"
        assert this.server.connections == 2


@on_every_engine
async def test_second_response_on_an_idle_connection(kind):
    responded, go, sent = asyncio.Event(), asyncio.Event(), asyncio.Event()
    script = (read, respond, signal(responded), wait_for(go), send(FORGED), signal(sent), healthy)
    async with bench(kind, script, max_retries=1) as this:
        assert (await this.coggno.users.get("ada")).first_name == "Ada"
        go.set()
        await sent.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        assert (await this.coggno.users.get("ada")).first_name == "Ada"


@on_every_engine
async def test_what_follows_a_change_of_protocol(kind):
    """aiohttp takes a 101 for a complete response, with its body still to be received."""
    go = asyncio.Event()
    switched = send(b"HTTP/1.1 101 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
    script = (read, switched, wait_for(go), send(b"\r\n" + FORGED), healthy)
    async with bench(kind, script, max_retries=1) as this:
        with pytest.raises(APIError):
            await this.get()
        go.set()
        assert (await this.coggno.users.get("ada")).first_name == "Ada"


@on(DEFAULT, AIOHTTP, SESSION)
async def test_stale_connections_cost_no_attempt(kind):
    """The server closes all idle connections in the moment in which the next request begins."""
    async with bench(kind, size=3, max_retries=0) as this:
        await asyncio.gather(*(this.get() for _ in range(3)))
        for peer in [*this.server.open]:
            peer.abort()
        await asyncio.sleep(0)  # they are closed, and the loop has not noticed yet
        assert (await this.coggno.users.get("ada")).login == "ada"


@on(DEFAULT)
@pytest.mark.parametrize("beyond", [b"x", b"\r\n", b"HTTP/1.1", FORGED], ids=len)
async def test_a_connection_with_anything_left_is_closed(kind, beyond):
    async with bench(kind, (read, respond_with(lambda response: response + beyond), healthy)) as this:
        await this.get()
        assert this.coggno._session.engine.pool.open_connections == (0, 0)
        await this.server.at_most_open(0)
