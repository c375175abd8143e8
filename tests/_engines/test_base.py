"""Reading and decoding of answers, and what may be said of a failure; without engines."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import traceback
import tracemalloc

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from coggno import APIConnectionError, APITimeoutError, DecodeError
from coggno._engines.base import (
    _PIECE,
    decoded,
    failure,
    raise_alone,
    read_whole,
    without_quotations,
)


async def pieces(content, size):
    for place in range(0, len(content), size):
        yield content[place : place + size]


async def whole(content, size=1 << 16, status=200, encoding="gzip"):
    headers = {} if encoding is None else {"content-encoding": encoding}
    return b"".join([piece async for piece in decoded(pieces(content, size), status, headers)])


@define
class Answer:
    status: int
    content: bytes
    size: int = 10

    def chunks(self):
        return pieces(self.content, self.size)


# Encodings


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
async def test_without_an_encoding_nothing_is_done(encoding):
    assert await whole(b"abc", encoding=encoding) == b"abc"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip"])
async def test_gzip_has_two_names_and_no_case(encoding):
    assert await whole(gzip.compress(b"abc"), encoding=encoding) == b"abc"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    st.integers(1, 60),
    st.sampled_from([b"", b"\0" * 9, b"\n"]),
)
def test_any_members_in_any_pieces_with_any_padding(members, size, padding):
    zipped = b"".join(map(gzip.compress, members)) + padding
    assert asyncio.run(whole(zipped, size)) == b"".join(members)


@pytest.mark.parametrize("size", [_PIECE - 1, _PIECE, _PIECE + 1, 3 * _PIECE + 7])
@pytest.mark.parametrize("piece", [1000, 1 << 20])
async def test_what_unfolds_to_more_than_a_piece_comes_whole(size, piece):
    assert await whole(gzip.compress(bytes(size)), piece) == bytes(size)


async def test_every_cut_is_noticed():
    zipped = gzip.compress(b"some text")
    for length in range(1, len(zipped)):
        with pytest.raises(DecodeError, match="not whole gzip") as caught:
            await whole(zipped[:length], 3)
        assert (caught.value.complete, caught.value.outcome) == (False, "unknown")


async def test_nothing_is_nothing_in_every_encoding():
    for encoding in ("gzip", "br", "rot13"):
        assert await whole(b"", encoding=encoding) == b""


async def test_another_encoding_is_refused_without_showing_what_the_server_wrote():
    with pytest.raises(DecodeError, match="not asked for") as caught:
        await whole(b"x", encoding="s3cret")
    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize("status", [199, 302, 404, 422, 503])
@pytest.mark.parametrize("encoding", ["gzip", "rot13"])
async def test_a_body_that_cannot_be_read_does_not_hide_the_status(status, encoding):
    assert await whole(b"nonsense", status=status, encoding=encoding) == b""


async def test_of_a_cut_refusal_comes_what_can_be_read():
    start = await whole(gzip.compress(b"x" * 50_000 + bytes(range(256)) * 40)[:-30], status=422)
    assert start.startswith(b"x" * 1000)


async def test_a_bomb_takes_no_memory():
    bomb = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match="longer than"):
            await read_whole(Bomb(bomb), 1000)
        assert tracemalloc.get_traced_memory()[1] < 5 * _PIECE
    finally:
        tracemalloc.stop()


@define
class Bomb:
    content: bytes
    status: int = 200

    def chunks(self):
        return decoded(pieces(self.content, 1 << 16), self.status, {"content-encoding": "gzip"})


# Reading whole


async def test_an_answer_may_be_as_long_as_the_limit_and_no_longer():
    assert await read_whole(Answer(200, bytes(99)), 99) == bytes(99)
    with pytest.raises(DecodeError, match=r"longer than 98 bytes \(max_response_bytes\)") as caught:
        await read_whole(Answer(200, bytes(99)), 98)
    assert caught.value.complete


async def test_a_refusal_is_cut_at_the_limit():
    assert await read_whole(Answer(422, b"abcdef", size=4), 5) == b"abcde"


# Failures


@pytest.mark.parametrize(
    ("sent", "timed_out", "outcome", "kind", "start"),
    [
        (False, False, "not_sent", APIConnectionError, "no connection (OSError: x y)"),
        (False, True, "not_sent", APITimeoutError, "no connection in time"),
        (True, False, "unknown", APIConnectionError, "the connection failed after the request may have been sent"),
        (True, True, "unknown", APITimeoutError, "no answer in time"),
    ],
)
def test_what_a_failure_says(sent, timed_out, outcome, kind, start):
    error = failure(OSError("x\n  y"), sent=sent, timed_out=timed_out)
    assert type(error) is kind
    assert error.outcome == outcome
    assert str(error).startswith(start)


def test_a_failure_may_be_described_otherwise_or_not_at_all():
    assert str(failure(OSError("x"), sent=False, timed_out=False, detail="y")) == "no connection (OSError: y)"
    assert str(failure(OSError("x"), sent=False, timed_out=False, detail="")) == "no connection (OSError)"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("illegal status line: bytearray(b'HTTP/2 200')", "illegal status line"),
        ("illegal header line: bytearray(b'x')", "illegal header line"),
        ("Illegal header value b'Basic x'", "Illegal header value"),
        ('Illegal header value b"Basic x"', "Illegal header value"),
        ("malformed chunk footer: bytearray(b'xx') (expected b'\\r\\n')", "malformed chunk footer"),
        (
            "peer closed connection without sending complete message body (received 1 bytes, expected 9)",
            "peer closed connection without sending complete message body",
        ),
        ("Bad status line:\n Expected HTTP/:\n\n b'x'\n ^", "Bad status line"),
        ("<RawResponseMessage(version=...)>", ""),
        ("Response payload is not completed: <ContentLengthError: 400>", "Response payload is not completed"),
        ("Receive buffer too long", "Receive buffer too long"),
        ("Server disconnected without sending a response.", "Server disconnected without sending a response."),
        ("first\nsecond", "first"),
        ("", ""),
    ],
)
def test_what_a_library_says_of_an_answer_is_kept_and_what_it_quotes_is_not(text, left):
    assert without_quotations(text) == left


def test_an_error_raised_alone_leads_back_to_nothing():
    with pytest.raises(ValueError, match="ours") as caught, instead_of(KeyError):
        raise KeyError("theirs")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "theirs" not in "".join(traceback.format_exception(caught.value))


@contextlib.contextmanager
def instead_of(kind):
    try:
        yield
    except kind:
        raise_alone(ValueError("ours"))
