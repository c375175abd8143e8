"""A stream of the default engine on a real socket: limits, back-pressure, a lost connection."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from coggno._engines.default import backend
from coggno._engines.default.backend import SocketStream, connect

from .virtual_time import VirtualTimeLoop


@asynccontextmanager
async def connected():
    """A stream, and the other end of it."""
    server, client = socket.socketpair()
    server.setblocking(False)
    client.setblocking(False)
    _, stream = await asyncio.get_running_loop().create_connection(SocketStream, sock=client)
    try:
        yield stream, server
    finally:
        stream.abort()
        server.close()
        await asyncio.sleep(0)


async def loop_turns(number=5):
    for _ in range(number):
        await asyncio.sleep(0)


async def test_read_returns_what_was_received():
    async with connected() as (stream, server):
        server.send(b"abc")
        assert await stream.read(1) == b"abc"


async def test_read_returns_nothing_at_the_end():
    async with connected() as (stream, server):
        server.shutdown(socket.SHUT_WR)
        assert await stream.read(1) == b""
        assert await stream.read(1) == b""


async def test_read_has_a_limit():
    async with connected() as (stream, _):
        with pytest.raises(TimeoutError, match="nothing was received or sent in time"):
            await stream.read(0.01)


def test_each_read_has_its_own_limit():
    """All reads of a connection share a timer: that of an earlier one runs out during the next."""

    async def main():
        async with connected() as (stream, server):
            waits = asyncio.create_task(stream.read(10))
            await asyncio.sleep(1)
            server.send(b"abc")
            assert await waits == b"abc"
            begun = asyncio.get_running_loop().time()
            for limit in (20, 3, 5):
                with pytest.raises(TimeoutError):
                    await stream.read(limit)
            return asyncio.get_running_loop().time() - begun

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) == pytest.approx(28, abs=0.01)


async def test_what_was_received_is_read_before_an_error():
    async with connected() as (stream, _):
        stream.get_buffer(-1)[:3] = b"abc"
        stream.buffer_updated(3)
        stream.connection_lost(ConnectionResetError("reset"))
        assert await stream.read(1) == b"abc"
        with pytest.raises(ConnectionResetError, match="reset"):
            await stream.read(1)


async def test_server_waits_for_a_slow_reader():
    """Back-pressure: what is not read is not received without end."""
    async with connected() as (stream, server):
        loop = asyncio.get_running_loop()
        sending = asyncio.ensure_future(loop.sock_sendall(server, bytes(20 << 20)))
        await asyncio.sleep(0.05)
        assert not sending.done()
        assert stream._received < 2 * backend._RECEIVED + (1 << 18)
        assert not stream.transport.is_reading()
        received = 0
        while received < 20 << 20:
            received += len(await stream.read(1))
        await sending


async def test_write_waits_for_a_slow_server():
    async with connected() as (stream, server):
        writing = asyncio.ensure_future(stream.write(bytes(4 << 20), None))
        await loop_turns()
        assert not writing.done()
        loop = asyncio.get_running_loop()
        received = 0
        while received < 4 << 20:
            received += len(await loop.sock_recv(server, 1 << 20))
        await writing


async def test_write_has_a_limit():
    async with connected() as (stream, _):
        with pytest.raises(TimeoutError):
            await stream.write(bytes(4 << 20), 0.01)


async def test_write_ends_when_something_is_received():
    async with connected() as (stream, server):
        writing = asyncio.ensure_future(stream.write(bytes(4 << 20), None))
        await loop_turns()
        server.send(b"HTTP/1.1 413 ")
        await writing
        assert not stream.is_drained()


@pytest.mark.parametrize("lose", ["end", "abort", "lost"])
async def test_write_to_a_lost_connection_is_an_error(lose):
    """asyncio would drop the data and only log that it did."""
    async with connected() as (stream, server):
        if lose == "end":
            server.close()
            await asyncio.sleep(0.01)
        elif lose == "abort":
            stream.abort()
        else:
            stream.connection_lost(None)
        with pytest.raises(ConnectionError, match="the connection is closed"):
            await stream.write(b"x", 1)


async def test_closed_stream_keeps_no_buffer():
    """Something may refer to it until the garbage collector comes."""
    async with connected() as (stream, _):
        assert len(stream.get_buffer(-1)) > 1000
        stream.abort()
        await loop_turns()
        assert len(stream.get_buffer(-1)) == 0


async def test_aborting_fails_a_read_in_progress():
    async with connected() as (stream, _):
        reading = asyncio.ensure_future(stream.read(None))
        await loop_turns()
        stream.abort()
        with pytest.raises(ConnectionAbortedError, match="closed on this side"):
            await reading


async def test_quiet_stream_has_nothing_to_read():
    async with connected() as (stream, server):
        assert stream.is_quiet()
        server.send(b"x")  # the system knows of it, the event loop does not yet
        assert stream.is_drained()
        assert not stream.is_quiet()


async def test_lost_stream_is_not_quiet():
    async with connected() as (stream, server):
        server.close()
        assert not stream.is_quiet()
        stream.abort()
        await loop_turns()
        assert not stream.is_quiet()


async def test_readability_without_poll(monkeypatch):
    """Windows has only `select`."""
    async with connected() as (stream, server):
        monkeypatch.delattr("select.poll")
        assert stream.is_quiet()
        server.send(b"x")
        assert not stream.is_quiet()


async def test_addresses_of_both_families_alternate(monkeypatch):
    found = [
        (socket.AF_INET6, 0, 0, "", ("::1", 1)),
        (socket.AF_INET6, 0, 0, "", ("::2", 1)),
        (socket.AF_INET, 0, 0, "", ("127.0.0.1", 1)),
    ]

    async def getaddrinfo(*_, **__):
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    assert await backend._addresses("x", 1) == ["::1", "127.0.0.1", "::2"]


async def test_second_address_helps_when_the_first_fails(monkeypatch):
    async def addresses(host, port):
        return ["127.0.0.2", "127.0.0.1"]

    monkeypatch.setattr(backend, "_addresses", addresses)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        stream = await connect("x", server.sockets[0].getsockname()[1], None, 5)
        assert stream.transport.get_extra_info("peername")[0] == "127.0.0.1"
        stream.abort()
        await loop_turns()


async def test_slow_address_does_not_hold_up_the_next(monkeypatch):
    """The one that is not needed any more is closed, also when it connects in the last moment."""
    monkeypatch.setattr(backend, "_NEXT_ADDRESS", 0.01)
    late = asyncio.Event()
    streams = []

    async def connect_to(address, port):
        stream = SocketStream()
        streams.append(stream)
        stream.connection_made(FakeTransport())
        if address == "slow":
            try:
                await late.wait()
            except asyncio.CancelledError:
                pass  # connected in the moment of the cancellation
        return stream

    monkeypatch.setattr(backend, "_connect", connect_to)
    winner = await backend._first_to_connect([("slow", 1), ("fast", 1)])
    assert winner is streams[1]
    await loop_turns()
    assert streams[0].transport.aborted
    assert not streams[1].transport.aborted


class FakeTransport:
    aborted = False

    def abort(self):
        self.aborted = True


async def test_no_address_connects(monkeypatch):
    async def connect_to(address, port):
        raise OSError(address)

    monkeypatch.setattr(backend, "_connect", connect_to)
    with pytest.raises(OSError, match="first"):
        await backend._first_to_connect([("first", 1), ("second", 1)])
