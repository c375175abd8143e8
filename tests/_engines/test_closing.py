"""Closing the client during a call: nothing is sent afterwards, and the call reports truly what was sent."""

from __future__ import annotations

import asyncio
import json

import pytest

from coggno import APIConnectionError, ConfigurationError
from coggno._engines.calls import RunningCalls

from .bench import bench, black_hole, busy, silent_names
from .kinds import AIOHTTP, DEFAULT, HTTPX, HTTPX2, on, on_every_engine
from .server import (
    read,
    read_head,
    read_some,
    respond,
    response_bytes,
    send,
    signal,
    stop_reading,
    until_it_leaves,
    user,
)
from .test_cancellation import BIG, at


async def closed_during(this, event, call, outcome):
    """Close the client while `call` is in progress, which must end with `outcome`; then no call may begin."""
    task = await at(event, call)
    for _ in range(20):
        await asyncio.sleep(0)  # what can be sent is sent
    await this.coggno.aclose()
    assert task.done(), "closing waits for the calls in progress"
    with pytest.raises(APIConnectionError, match="the client was closed during the call") as caught:
        await task
    assert caught.value.outcome == outcome
    assert caught.value.retryable is False
    with pytest.raises(ConfigurationError, match="the client is closed; make calls inside its `async with`"):
        await this.create()


@on_every_engine
async def test_closing_while_waiting_for_a_connection(kind):
    async with bench(kind, trouble=busy) as this:
        this.server.heads.clear()
        task = await at(None, this.create())
        heal, this.heal = this.heal, None
        await this.coggno.aclose()
        with pytest.raises(APIConnectionError) as caught:
            await task
        assert caught.value.outcome == "not_sent"
        assert this.server.methods == ""
        with pytest.raises(APIConnectionError):  # the call that held the connection has ended, too
            await heal()


@on_every_engine
@pytest.mark.parametrize("trouble", [black_hole, silent_names])
async def test_closing_while_connecting_sends_nothing(kind, trouble):
    host = "localhost" if trouble is silent_names else "127.0.0.1"
    async with bench(kind, trouble=trouble, host=host) as this:
        await closed_during(this, None, this.create(), "not_sent")
        await this.end_trouble()
        for _ in range(50):
            await asyncio.sleep(0.002)  # the connection would be made now, and the request leave
        assert this.server.methods == ""


@on_every_engine
async def test_closing_in_the_tls_handshake_sends_nothing(kind, recwarn):
    reached = asyncio.Event()
    async with bench(kind, (read_some, signal(reached), until_it_leaves), tls=True) as this:
        await closed_during(this, reached, this.create(), "not_sent")
        assert this.server.methods == ""
        if kind in {HTTPX, HTTPX2}:  # httpcore's gap, see docs/engines.md
            import gc
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()


def phases(reached):
    return {
        "writing": (stop_reading, signal(reached), until_it_leaves),
        "waiting for the response": (read, signal(reached), until_it_leaves),
        "waiting, body not read": (read_head, signal(reached), until_it_leaves),
        "reading headers": (read, send(b"HTTP/1.1 200 OK\r\nContent-"), signal(reached), until_it_leaves),
        "reading the body": (
            read,
            send(response_bytes(body=b"", length=50) + b'{"id": '),
            signal(reached),
            until_it_leaves,
        ),
    }


@on_every_engine
@pytest.mark.parametrize("phase", phases(None))
async def test_closing_after_sending_is_unknown(kind, phase):
    reached = asyncio.Event()
    async with bench(kind, phases(reached)[phase]) as this:
        call = this.create(email=BIG if phase == "writing" else "x@x.example")
        await closed_during(this, reached, call, "unknown")
        await this.server.at_most_open(0)


@on_every_engine
async def test_closing_between_two_items_of_a_stream(kind):
    """The caller's own code is not interrupted; the next item reports the close."""
    item = json.dumps(user("ada")).encode()
    beginning = send(response_bytes(body=b"", length=10_000) + b"[" + item + b"," + item + b",")
    async with bench(kind, (read, beginning, until_it_leaves)) as this:
        users = this.coggno.users.iter()
        assert (await anext(users)).login == "ada"
        await this.coggno.aclose()
        await asyncio.sleep(0)
        with pytest.raises(APIConnectionError, match="closed during the call"):
            async for _ in users:
                pass
        await this.server.at_most_open(0)


@on_every_engine
async def test_closing_while_a_stream_waits(kind):
    reached = asyncio.Event()
    item = json.dumps(user("ada")).encode()
    beginning = send(response_bytes(body=b"", length=10_000) + b"[" + item + b",")
    async with bench(kind, (read, beginning, signal(reached), until_it_leaves), max_retries=0) as this:

        async def consume():
            return [user async for user in this.coggno.users.iter()]

        task = await at(reached, consume())
        await asyncio.sleep(0)
        await this.coggno.aclose()
        with pytest.raises(APIConnectionError, match="closed during the call"):
            await task
        await this.server.at_most_open(0)


@on_every_engine
async def test_cancelling_wins_over_closing(kind):
    """The caller's cancellation is not swallowed."""
    reached = asyncio.Event()
    async with bench(kind, (read, signal(reached), until_it_leaves)) as this:
        task = await at(reached, this.create())
        task.cancel()
        await this.coggno.aclose()
        with pytest.raises(asyncio.CancelledError):
            await task


@on_every_engine
async def test_closing_from_a_call_does_not_wait_for_itself(kind):
    async with bench(kind, (read, respond)) as this:
        await this.get()
        scope = this.coggno._session.engine._calls
        request = type("Request", (), {"sent": False})()
        with pytest.raises(APIConnectionError, match="closed during the call"), scope.until_closed(request):
            await this.coggno.aclose()
            await asyncio.sleep(1)
        if kind in {DEFAULT, AIOHTTP}:
            await this.server.at_most_open(0)


@on(HTTPX, HTTPX2)
async def test_closing_leaves_the_callers_client_open(kind):
    async with bench(kind) as this:
        client = this.coggno._session.engine.client
        await this.coggno.aclose()
        assert not client.is_closed


async def test_closing_does_not_wait_without_limit(monkeypatch):
    import httpx

    from coggno import AsyncCoggno
    from coggno._engines import calls

    from .secrecy import KEY

    monkeypatch.setattr(calls, "_PATIENCE", 0.05)
    reached, free = asyncio.Event(), asyncio.Event()

    async def stubborn(_):
        reached.set()
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                pass
        return httpx.Response(200, json=[])

    client = httpx.AsyncClient(transport=httpx.MockTransport(stubborn))
    coggno = AsyncCoggno(KEY, http_client=client)
    task = await at(reached, coggno.users.list())
    await coggno.aclose()
    assert not task.done()
    free.set()
    assert await task == []


async def test_other_timeouts_pass_through():
    scope = RunningCalls().until_closed(type("Request", (), {"sent": True})())
    with pytest.raises(TimeoutError, match="another"), scope:
        raise TimeoutError("another")
