"""A call that is cancelled leaves no connection behind, and the pool as it was, in whatever phase it is."""

from __future__ import annotations

import asyncio
import gc
import json
import warnings

import pytest
from attrs import evolve

from coggno import APITimeoutError, AsyncCoggno, Timeout

from .bench import PATIENT, bench, black_hole, busy
from .kinds import DEFAULT, HTTPX, HTTPX2, on_every_engine
from .server import (
    healthy,
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
    wait_for,
)

BIG = "x" * 8_000_000 + "@x.example"


async def at(event: asyncio.Event | None, call) -> asyncio.Task:
    """Start a call, and return when it has reached the step."""
    task = asyncio.ensure_future(call)
    if event is None:
        for _ in range(50):
            await asyncio.sleep(0)
    else:
        await event.wait()
    assert not task.done()
    return task


async def cancelled(task: asyncio.Task) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


HEAD = response_bytes(body=b"", length=50)


def phases(reached):
    return {
        "writing": (stop_reading, signal(reached), until_it_leaves),
        "waiting for the response": (read, signal(reached), until_it_leaves),
        "waiting, body not read": (read_head, signal(reached), until_it_leaves),
        "reading headers": (read, send(b"HTTP/1.1 200 OK\r\nContent-"), signal(reached), until_it_leaves),
        "reading the body": (read, send(HEAD + b'{"id": '), signal(reached), until_it_leaves),
    }


@on_every_engine
@pytest.mark.parametrize("phase", phases(None))
async def test_on_an_open_connection(kind, phase):
    reached = asyncio.Event()
    async with bench(kind, phases(reached)[phase]) as this:
        task = await at(reached, this.create(email=BIG if phase == "writing" else "x@x.example"))
        for _ in range(5):
            await asyncio.sleep(0)  # what was sent arrives
        await cancelled(task)
        await this.server.at_most_open(0)
        assert (await this.get()).status == 200


@on_every_engine
async def test_waiting_for_a_connection(kind):
    async with bench(kind, trouble=busy) as this:
        task = await at(None, this.create())
        await cancelled(task)
        await this.end_trouble()
        assert (await this.get()).status == 200
        assert this.server.methods == "GET"
        assert this.server.connections == 1


@on_every_engine
async def test_connecting(kind):
    async with bench(kind, trouble=black_hole) as this:
        await cancelled(await at(None, this.create()))
        await this.end_trouble()
        assert (await this.get()).status == 200
        await this.server.at_most_open(1)
        assert this.server.methods == "GET"


@on_every_engine
async def test_in_the_tls_handshake(kind):
    reached = asyncio.Event()
    async with bench(kind, (read_some, signal(reached), until_it_leaves), tls=True) as this:
        await cancelled(await at(reached, this.create()))
        if kind in {HTTPX, HTTPX2}:  # httpcore's gap, which our own backend closes; see docs/engines.md
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                await asyncio.sleep(0)  # the task lets go of it
                gc.collect()
        await this.server.at_most_open(0)
        assert (await this.get()).status == 200


@on_every_engine
@pytest.mark.parametrize("phase", phases(None))
async def test_the_total_limit_is_a_cancellation_from_within(kind, phase):
    """It ends as a timeout with an unknown outcome, and leaves nothing behind either."""
    script = phases(asyncio.Event())[phase]
    async with bench(kind, script, limits=evolve(PATIENT, total=0.3), max_retries=0) as this:
        with pytest.raises(APITimeoutError, match="complete response") as caught:
            await this.coggno.users.get("ada")
        assert caught.value.outcome == "unknown"
        await this.server.at_most_open(0)
        assert (await this.get()).status == 200


@on_every_engine
async def test_leaving_a_stream_early_closes_its_connection(kind):
    item = json.dumps(user("ada")).encode()
    beginning = send(response_bytes(body=b"", length=10_000) + b"[" + item + b"," + item + b",")
    async with bench(kind, (read, beginning, until_it_leaves)) as this:
        items = this.coggno.users.iter()
        assert (await anext(items)).login == "ada"
        await items.aclose()
        await this.server.at_most_open(0)
        assert (await this.get()).status == 200


@on_every_engine
@pytest.mark.parametrize("phase", phases(None))
async def test_cancelled_twice(kind, phase):
    """A second cancellation, while the first is being cleaned up after, loses nothing."""
    reached = asyncio.Event()
    async with bench(kind, phases(reached)[phase]) as this:
        task = await at(reached, this.create(email=BIG if phase == "writing" else "x@x.example"))
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await this.server.at_most_open(0)
        assert (await this.get()).status == 200


@on_every_engine
async def test_cancelled_waiter_holds_up_no_other(kind):
    held, free = asyncio.Event(), asyncio.Event()
    async with bench(kind, (read, signal(held), wait_for(free), respond, healthy)) as this:
        first = await at(held, this.get("first"))
        waiters = [await at(None, this.get(f"u{number}")) for number in range(4)]
        await cancelled(waiters.pop(1))
        free.set()
        await asyncio.gather(first, *waiters)
        assert [head.target.rpartition("/")[2] for head in this.server.heads] == ["first", "u0", "u2", "u3"]
        assert this.server.connections == 1


@on_every_engine
async def test_cancelling_at_any_moment_loses_no_connection(kind):
    """Cancelled after 0, 1, 2, ... turns of the loop, wherever that is."""
    async with bench(kind, size=2) as this:
        for turns in range(40):
            tasks = [asyncio.ensure_future(this.get()) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert getattr(results[1], "status", None) == 200
        await this.server.at_most_open(2)
        assert [response.status for response in await asyncio.gather(*(this.get() for _ in range(4)))] == [200] * 4


async def test_limits_of_a_phase_can_be_lifted():
    """`None` is no limit in every phase."""
    async with bench(DEFAULT, limits=Timeout(connect=None, read=None, write=None, pool=None)) as this:
        assert (await this.get()).status == 200


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_cancelled_release_closes_the_response(library):
    """Of an error body only the start is read. A connection that is half closed would be lost to the pool for good."""
    module = pytest.importorskip(library)
    closing, free = asyncio.Event(), asyncio.Event()
    closed = []

    class Body(module.AsyncByteStream):
        async def __aiter__(self):
            while True:
                yield bytes(1 << 16)

        async def aclose(self):
            closing.set()
            await free.wait()
            closed.append(True)

    client = module.AsyncClient(transport=module.MockTransport(lambda _: module.Response(422, stream=Body())))
    task = await at(closing, AsyncCoggno("test_key", http_client=client).users.list())
    task.cancel()
    await asyncio.sleep(0)
    free.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == [True]
