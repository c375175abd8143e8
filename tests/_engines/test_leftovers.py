"""What a server sends beyond an answer is never taken for the answer to the next request."""

from __future__ import annotations

import asyncio

import pytest

from .kinds import AIOHTTP, DEFAULT, HTTPX, HTTPX2, SESSION, on, on_every_engine
from .server import answer_bytes, healthy, meet, read, respond, respond_with, send, user, wait_for
from .world import world

FORGED = answer_bytes(user("ada", first="Forged"))

at_once = [
    *(pytest.param(kind) for kind in (DEFAULT, AIOHTTP, SESSION)),
    *(
        pytest.param(kind, marks=pytest.mark.xfail(reason="h11 keeps it, httpcore does not look; see docs/engines.md"))
        for kind in (HTTPX, HTTPX2)
    ),
]


@pytest.mark.parametrize("kind", at_once, ids=str)
async def test_a_second_answer_that_comes_with_the_first(kind):
    if kind is HTTPX2:
        pytest.importorskip("httpx2")
    async with world(kind, (read, respond_with(lambda answer: answer + FORGED), healthy), max_retries=1) as this:
        assert (await this.coggno.users.get("ada")).first_name == "Ada"
        assert (await this.coggno.users.get("ada")).first_name == "Ada"
        assert this.server.connections == 2


@on_every_engine
async def test_a_second_answer_that_comes_while_the_connection_is_idle(kind):
    answered, go, sent = asyncio.Event(), asyncio.Event(), asyncio.Event()
    script = (read, respond, meet(answered), wait_for(go), send(FORGED), meet(sent), healthy)
    async with world(kind, script, max_retries=1) as this:
        assert (await this.coggno.users.get("ada")).first_name == "Ada"
        go.set()
        await sent.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        assert (await this.coggno.users.get("ada")).first_name == "Ada"


@on(DEFAULT)
@pytest.mark.parametrize("beyond", [b"x", b"\r\n", b"HTTP/1.1", FORGED], ids=len)
async def test_a_connection_with_anything_left_is_closed(kind, beyond):
    async with world(kind, (read, respond_with(lambda answer: answer + beyond), healthy)) as this:
        await this.get()
        assert this.coggno._session.engine.pool.open_connections == (0, 0)
        await this.server.at_most_open(0)
