"""In which order calls get a connection, on real ones: first come, first served."""

from __future__ import annotations

import asyncio

import pytest

from .bench import bench
from .kinds import AIOHTTP, DEFAULT, SESSION, on, on_every_engine
from .server import healthy, read, respond, signal, wait_for

pytestmark = pytest.mark.untraced  # thousands of requests, all alike

on_ours = on(DEFAULT, AIOHTTP, SESSION)


def logins(server):
    return [head.target.rpartition("/")[2] for head in server.heads]


@on_every_engine
async def test_first_come_first_served(kind):
    held, free = asyncio.Event(), asyncio.Event()
    async with bench(kind, (read, signal(held), wait_for(free), respond, healthy)) as this:
        tasks = [asyncio.ensure_future(this.get("u0"))]
        await held.wait()
        for number in range(1, 20):
            tasks.append(asyncio.ensure_future(this.get(f"u{number}")))
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*tasks)
        assert logins(this.server) == [f"u{number}" for number in range(20)]
        assert this.server.connections == 1


@on_every_engine
async def test_returning_task_waits_like_the_others(kind):
    """Four tasks on one connection, three calls each: round by round."""
    async with bench(kind) as this:

        async def work(name):
            for _ in range(3):
                await this.get(name)

        await asyncio.gather(*map(work, "abcd"))
        assert "".join(logins(this.server)) == "abcd" * 3


@on_every_engine
@pytest.mark.parametrize("size", [1, 3, 10])
async def test_every_task_gets_its_share(kind, size):
    """At no time has one of forty tasks been served twice more than another."""
    async with bench(kind, size=size) as this:
        served = dict.fromkeys(range(40), 0)
        apart = []

        async def work(number):
            for _ in range(5):
                await this.get(f"u{number}")
                served[number] += 1
                apart.append(max(served.values()) - min(served.values()))

        await asyncio.gather(*map(work, served))
        assert max(apart) <= 2
        assert this.server.connections <= size


@on(DEFAULT)
async def test_last_used_connection_is_used_next(kind):
    async with bench(kind, size=3) as this:
        await asyncio.gather(*(this.get() for _ in range(3)))
        pool = this.coggno._session.engine.pool
        last = pool._idle[-1]
        for _ in range(5):
            await this.get()
            assert pool._idle[-1] is last
        assert this.server.connections == 3


@on_ours
async def test_one_task_needs_one_connection(kind):
    async with bench(kind, size=5) as this:
        for _ in range(10):
            await this.get()
        assert this.server.connections == 1


@on(DEFAULT)
async def test_connection_idle_for_too_long_is_not_used(kind, monkeypatch):
    async with bench(kind) as this:
        await this.get()
        monkeypatch.setattr("coggno._engines.default.http11.time.monotonic", lambda: 1e12)
        await this.get()
        monkeypatch.undo()
        assert this.server.connections == 2
        await this.server.at_most_open(1)


@on_ours
async def test_connection_closed_by_the_server_is_not_used(kind):
    """Without a failed attempt: the close is noticed before the request is written."""
    closing = asyncio.Event()
    async with bench(kind, (read, respond, wait_for(closing)), max_retries=0) as this:
        await this.get()
        closing.set()
        await this.server.at_most_open(0)
        for _ in range(5):
            await asyncio.sleep(0)  # aiohttp learns of it from the loop; the default engine asks the system
        assert (await this.create()).status == 200
        assert this.server.methods == "GET POST"
        assert this.server.connections == 2


@on(DEFAULT)
async def test_connections_of_a_burst_are_closed_one_by_one(kind, monkeypatch):
    """Nobody gets down to the far end of the stack again; its connections must not stay half-closed for ever."""
    async with bench(kind, size=6) as this:
        await asyncio.gather(*(this.get() for _ in range(6)))
        assert this.coggno._session.engine.pool.open_connections == (6, 0)
        for connection in this.coggno._session.engine.pool._idle[:5]:
            connection._expires_at = 0.0
        for left in (5, 4, 3, 2, 1, 1):
            await this.get()
            assert this.coggno._session.engine.pool.open_connections == (left, 0)
        await this.server.at_most_open(1)
        assert this.server.connections == 6
