"""One connection of the default engine: what it sends, and what it accepts of a server."""

from __future__ import annotations

import asyncio

import h11
import pytest

from coggno import Timeout
from coggno._engines.base import EngineRequest
from coggno._engines.default.http11 import KEEPALIVE, Http11Connection

TIMEOUT = Timeout(read=1, write=1)


class FakeStream:
    """A stream that was sent these pieces, and then waits or has ended."""

    def __init__(self, *pieces, write_error=None):
        self.pieces = list(pieces)
        self.written = []
        self.write_error = write_error
        self.drained = True
        self.quiet = True
        self.aborted = False

    async def read(self, timeout):
        if not self.pieces:
            raise TimeoutError("nothing was received")
        return self.pieces.pop(0)

    async def write(self, data, timeout):
        if self.write_error is not None:
            raise self.write_error
        self.written.append(data)

    def is_drained(self):
        return self.drained

    def is_quiet(self):
        return self.quiet

    def abort(self):
        self.aborted = True


def a_request(method="GET", content=b"", headers=None):
    request = EngineRequest(method=method, target="/x?y=1", headers=headers or {"Accept": "*/*"}, content=content)
    request.sent = False
    return request


async def exchange(stream, request=None):
    connection = Http11Connection(stream)
    head = await connection.send(request or a_request(), "localhost:1", TIMEOUT)
    rest = b"".join([piece async for piece in connection.body(1)])
    return connection, head.status, (head.content or b"") + rest


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def test_request_is_written_in_one_piece():
    stream = FakeStream(OK)
    await exchange(stream, a_request("POST", b"a=b"))
    assert stream.written == [
        b"POST /x?y=1 HTTP/1.1\r\nHost: localhost:1\r\nAccept: */*\r\nContent-Length: 3\r\n\r\na=b"
    ]


async def test_response_may_come_byte_by_byte():
    _, status, body = await exchange(FakeStream(*(OK[index : index + 1] for index in range(len(OK)))))
    assert (status, body) == (200, b"{}")


@pytest.mark.parametrize("headers", [{"X": "a\nb"}, {"X\n": "a"}, {"X": "a\r\nContent-Length: 5"}])
async def test_invalid_header_is_not_sent(headers):
    stream, request = FakeStream(OK), a_request(headers=headers)
    with pytest.raises(h11.LocalProtocolError):
        await exchange(stream, request)
    assert (stream.written, request.sent) == ([], False)


async def test_space_in_the_target_is_not_sent():
    request = EngineRequest(method="GET", target="/x HTTP/1.1", headers={}, content=b"")
    stream = FakeStream(OK)
    with pytest.raises(h11.LocalProtocolError):
        await exchange(stream, request)
    assert stream.written == []


async def test_response_to_head_has_no_body():
    """Its framing depends on the method of the request."""
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    connection, status, body = await exchange(FakeStream(response), a_request("HEAD"))
    assert (status, body, connection.reset()) == (200, b"", True)


async def test_request_counts_as_sent_before_it_is_written():
    request = a_request()
    with pytest.raises(TimeoutError):
        await exchange(FakeStream(write_error=TimeoutError()), request)
    assert request.sent is True


async def test_early_refusal_is_read_although_writing_failed():
    """The server refused a large body and closed before it had read it."""
    stream = FakeStream(b"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", write_error=BrokenPipeError())
    assert (await exchange(stream))[1] == 413


async def test_few_interim_responses_are_skipped():
    assert (await exchange(FakeStream(b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" * 19 + OK)))[1] == 200


async def test_many_interim_responses_are_refused():
    with pytest.raises(h11.RemoteProtocolError, match="too many interim responses"):
        await exchange(FakeStream(*[b"HTTP/1.1 103 X\r\n\r\n"] * 1000))


async def test_endless_headers_are_refused():
    """About 100 kB are read of them."""
    stream = FakeStream(b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"x" * 1000 + b"\r\n"] * 1000)
    with pytest.raises(h11.RemoteProtocolError, match="too long"):
        await exchange(stream)
    assert 890 < len(stream.pieces) < 905


async def test_end_without_a_response_is_an_error():
    with pytest.raises(ConnectionResetError, match="closed the connection without a response"):
        await exchange(FakeStream(b""))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize("responses", [(OK, OK), (OK, CHUNKED), (CHUNKED, OK), (CHUNKED, CHUNKED), (OK[:-1], b"}", OK)])
async def test_connection_can_be_used_again(responses):
    """Whether h11 reads the one response or the other."""
    stream = FakeStream(*responses)
    connection, *first = await exchange(stream)
    assert connection.reset()
    assert connection.is_usable()
    head = await connection.send(a_request(), "localhost:1", TIMEOUT)
    body = (head.content or b"") + b"".join([piece async for piece in connection.body(1)])
    assert first == [head.status, body] == [200, b"{}"]
    assert connection.reset()


async def test_response_without_its_request_is_not_reused():
    """Reading failed before there was a response: nothing says what comes next on the connection."""
    connection = Http11Connection(FakeStream(OK))
    await connection.send(a_request(), "localhost:1", TIMEOUT)
    assert connection.reset()
    with pytest.raises(TimeoutError):
        await connection.send(a_request(), "localhost:1", TIMEOUT)
    assert not connection.reset()


@pytest.mark.parametrize(
    "response",
    [
        OK + b"x",
        OK + OK,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_connection_cannot_be_used_again(response):
    connection, *_ = await exchange(FakeStream(response))
    assert not connection.reset()


async def test_unread_body_prevents_reuse():
    connection = Http11Connection(FakeStream(OK.replace(b"2", b"3")))
    await connection.send(a_request(), "localhost:1", TIMEOUT)
    assert not connection.reset()


async def test_unsent_data_prevents_reuse():
    """A server refused a large upload before it had read it: the rest is still on its way."""
    stream = FakeStream(OK)
    connection, *_ = await exchange(stream)
    stream.drained = False
    assert not connection.reset()


async def test_idle_connection_expires(monkeypatch):
    """Before most servers close it: 5 seconds."""
    now = [100.0]
    monkeypatch.setattr("coggno._engines.default.http11.time.monotonic", lambda: now[0])
    connection, *_ = await exchange(FakeStream(OK))
    assert connection.reset()
    now[0] += KEEPALIVE - 0.1
    assert connection.is_usable()
    now[0] += 0.2
    assert not connection.is_usable()
    assert KEEPALIVE == 5.0


async def test_lost_idle_connection_is_not_usable():
    stream = FakeStream(OK)
    connection, *_ = await exchange(stream)
    assert connection.reset()
    stream.quiet = False
    assert not connection.is_usable()


async def test_closing_aborts_the_stream():
    stream = FakeStream()
    Http11Connection(stream).close()
    assert stream.aborted
    await asyncio.sleep(0)
