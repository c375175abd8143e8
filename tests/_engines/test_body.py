"""Reading and decoding the body of a response, without engines."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import ClassVar

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from coggno import DecodeError
from coggno._engines import body
from coggno._engines.body import _PIECE, MAX_ERROR_BYTES, decoded, read_whole


async def pieces(content, size):
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def decode_all(content, size=1 << 16, status=200, encoding="gzip"):
    headers = {} if encoding is None else {"content-encoding": encoding}
    return b"".join([piece async for piece in decoded(pieces(content, size), status, headers)])


@define(slots=False)
class FakeResponse:
    received: ClassVar = None
    status: int
    content: bytes
    size: int = 10

    def chunks(self):
        return pieces(self.content, self.size)


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
async def test_without_an_encoding_nothing_is_done(encoding):
    assert await decode_all(b"abc", encoding=encoding) == b"abc"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip"])
async def test_gzip_has_two_names_and_no_case(encoding):
    assert await decode_all(gzip.compress(b"abc"), encoding=encoding) == b"abc"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    st.integers(1, 60),
    st.sampled_from([b"", b"\0" * 9, b"\n"]),
)
def test_any_gzip_members_pieces_and_padding(members, size, padding):
    zipped = b"".join(map(gzip.compress, members)) + padding
    assert asyncio.run(decode_all(zipped, size)) == b"".join(members)


@pytest.mark.parametrize("size", [_PIECE - 1, _PIECE, _PIECE + 1, 3 * _PIECE + 7])
@pytest.mark.parametrize("piece", [1000, 1 << 20])
async def test_large_gzip_is_complete(size, piece):
    assert await decode_all(gzip.compress(bytes(size)), piece) == bytes(size)


async def test_every_cut_is_noticed():
    zipped = gzip.compress(b"some text")
    for length in range(1, len(zipped)):
        with pytest.raises(DecodeError, match="not complete gzip") as caught:
            await decode_all(zipped[:length], 3)
        assert (caught.value.complete, caught.value.outcome) == (False, "unknown")


async def test_empty_body_has_no_encoding():
    for encoding in ("gzip", "br", "rot13"):
        assert await decode_all(b"", encoding=encoding) == b""


async def test_other_encoding_is_refused_and_not_quoted():
    with pytest.raises(DecodeError, match="not asked for") as caught:
        await decode_all(b"x", encoding="s3cret")
    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize("status", [199, 302, 404, 422, 503])
@pytest.mark.parametrize("encoding", ["gzip", "rot13"])
async def test_unreadable_body_does_not_hide_the_status(status, encoding):
    assert await decode_all(b"nonsense", status=status, encoding=encoding) == b""


async def test_cut_error_body_is_read_as_far_as_possible():
    start = await decode_all(gzip.compress(b"x" * 50_000 + bytes(range(256)) * 40)[:-30], status=422)
    assert start.startswith(b"x" * 1000)


async def test_bomb_takes_no_memory():
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
    received: ClassVar = None
    status: int = 200

    def chunks(self):
        return decoded(pieces(self.content, 1 << 16), self.status, {"content-encoding": "gzip"})


@pytest.mark.parametrize("status", [200, 422])
@pytest.mark.parametrize(
    ("content", "size", "encoding"),
    [
        (b"x" * 20_000, 1, None),
        (gzip.compress(bytes(20_000), 0), 1, "gzip"),
        (gzip.compress(b"x") * 2000, 1 << 18, "gzip"),
    ],
    ids=["small pieces", "small pieces of gzip", "many members"],
)
async def test_other_tasks_go_on_while_a_body_is_read(status, content, size, encoding, monkeypatch):
    """What is there already is read without waiting, so that only a turn given on purpose lets others go on."""
    monkeypatch.setattr(body, "monotonic", itertools.count(step=body._TURN / 100).__next__)  # a piece takes 0.1 ms
    turns = 0

    async def count_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    response = FakeResponse(status, content, size)
    response.chunks = lambda: decoded(pieces(content, size), status, {"content-encoding": encoding} if encoding else {})
    others = asyncio.ensure_future(count_turns())
    assert await read_whole(response, 1 << 30)
    others.cancel()
    assert turns >= 15


async def test_empty_members_of_gzip_take_linear_time(monkeypatch):
    """zlib copies what follows a member: 26,000 of them in one piece would copy 7 GB."""
    copied = 0
    make = zlib.decompressobj

    class Unzip:
        def __init__(self, *options):
            self._inner = make(*options)

        def decompress(self, data, size):
            nonlocal copied
            content = self._inner.decompress(data, size)
            copied += len(self._inner.unused_data)
            return content

        def __getattr__(self, name):
            return getattr(self._inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Unzip)
    zipped = gzip.compress(b"x") * 26_000
    assert await decode_all(zipped, len(zipped)) == b"x" * 26_000
    assert copied < len(zipped) * 1000


@pytest.mark.parametrize(("empty", "is_refused"), [(100, False), (101, True)])
async def test_gzip_of_nothing_ends(empty, is_refused):
    """Empty members count towards no limit of bytes: a server could send them for ever."""
    if is_refused:
        endless = itertools.repeat(gzip.compress(b""))
        with pytest.raises(DecodeError, match="not complete gzip"):
            await read_whole(Endless(endless), 1000)
    zipped = gzip.compress(b"x") + gzip.compress(b"") * empty + gzip.compress(b"y")
    if is_refused:
        with pytest.raises(DecodeError, match="not complete gzip"):
            await decode_all(zipped)
    else:
        assert await decode_all(zipped) == b"xy"


@define
class Endless:
    members: Iterator[bytes]
    received: ClassVar = None
    status: int = 200

    async def _pieces(self):
        for member in self.members:
            yield member

    def chunks(self):
        return decoded(self._pieces(), self.status, {"content-encoding": "gzip"})


async def test_response_may_be_as_long_as_the_limit():
    assert await read_whole(FakeResponse(200, bytes(99)), 99) == bytes(99)
    with pytest.raises(DecodeError, match=r"longer than 98 bytes \(max_response_bytes\)") as caught:
        await read_whole(FakeResponse(200, bytes(99)), 98)
    assert caught.value.complete


@pytest.mark.parametrize("length", [MAX_ERROR_BYTES - 1, MAX_ERROR_BYTES, MAX_ERROR_BYTES + 1, 1 << 20])
async def test_error_body_is_cut_at_64_kilobytes(length):
    content = await read_whole(FakeResponse(422, bytes(length), size=1000), 1 << 30)
    assert len(content) == min(length, 64 * 1024)


async def test_error_body_is_cut_at_a_lower_limit():
    assert await read_whole(FakeResponse(422, b"abcdef", size=4), 5) == b"abcde"


async def test_large_error_body_is_not_read_on():
    """A server that sends it slowly, or without end, costs no more than its beginning."""
    response = FakeResponse(503, bytes(1 << 20), size=1000)
    read = 0

    async def counted():
        nonlocal read
        async for piece in pieces(response.content, response.size):
            read += len(piece)
            yield piece

    response.chunks = counted
    await read_whole(response, 1 << 30)
    assert read < MAX_ERROR_BYTES + 2000


async def test_bomb_as_error_body_takes_no_memory():
    bomb = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        assert len(await read_whole(Bomb(bomb, status=422), 1 << 30)) == MAX_ERROR_BYTES
        assert tracemalloc.get_traced_memory()[1] < 10 * MAX_ERROR_BYTES
    finally:
        tracemalloc.stop()
