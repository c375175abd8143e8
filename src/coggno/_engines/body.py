"""Reading and decoding the body of a response."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from time import monotonic
from typing import Final, Protocol, cast

from coggno.errors import APIError, DecodeError

MAX_ERROR_BYTES: Final = 64 * 1024  # of an error body, decompressed: no API needs more to state a reason
_GZIP: Final = zlib.MAX_WBITS | 16
_PIECE: Final = 1 << 20  # bytes that one piece of a compressed response may decompress to
_SLICE: Final = 1 << 14  # bytes that are decompressed at once
_MAX_EMPTY: Final = 100  # members of gzip in a row that hold nothing: they count towards no other limit
_TURN: Final = 0.01  # seconds after which the other tasks of the event loop get a turn


class ReadableResponse(Protocol):
    """A response whose body can be read."""

    @property
    def status(self) -> int: ...

    @property
    def received(self) -> bytes | None:
        """The whole body, where it was received with the headers and has no content encoding to undo."""
        ...

    def chunks(self) -> AsyncIterator[bytes]: ...


async def read_whole(response: ReadableResponse, limit: int) -> bytes:
    """Read a body to its end; if the status is not 2xx, at most its first 64 kB.

    Raises:
        DecodeError: the body of a 2xx response is longer than `limit` bytes.
    """
    content = response.received
    if content is not None and len(content) <= min(limit, MAX_ERROR_BYTES):
        return content
    if not is_success(response.status):
        most = min(limit, MAX_ERROR_BYTES)
        return (await _collect(response, most - 1))[:most]
    content = await _collect(response, limit)
    if len(content) > limit:
        raise DecodeError(f"the response is longer than {limit} bytes (max_response_bytes): use iter() for long lists")
    return content


async def _collect(response: ReadableResponse, limit: int) -> bytes:
    """Read to the end, or until there are more than `limit` bytes. The event loop gets a turn now and then."""
    content = bytearray()
    chunks = cast("AsyncGenerator[bytes]", response.chunks())
    turn_ends = monotonic() + _TURN
    async for chunk in chunks:
        content += chunk
        if len(content) > limit:
            # At once: what is left of a large body must not be decompressed when the generator is collected.
            await chunks.aclose()
            break
        if monotonic() > turn_ends:
            # Many small pieces that are there already are read without waiting.
            await asyncio.sleep(0)
            turn_ends = monotonic() + _TURN
    return bytes(content)


def is_success(status: int) -> bool:
    """Return whether `status` is 2xx."""
    return 200 <= status < 300


def decoded(pieces: AsyncIterator[bytes], status: int, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """Undo the content encoding of a body.

    If the status is not 2xx, a body that cannot be read ends where it fails: it must not hide the status.

    Raises:
        DecodeError: a 2xx response is not complete gzip, or in an encoding that was not asked for.
    """
    encoding = headers.get("content-encoding")
    if encoding is not None:
        encoding = encoding.strip().lower()
        if encoding in {"gzip", "x-gzip"}:
            pieces = _decompressed(pieces, _PIECE if is_success(status) else MAX_ERROR_BYTES)
        elif encoding not in {"", "identity"}:
            pieces = _refused(pieces)
    return pieces if is_success(status) else _until_failure(pieces)


async def _until_failure(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    except APIError:
        pass


async def _refused(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """An empty body is in no encoding, whatever the header says."""
    async for _ in pieces:
        raise DecodeError("the response is in a content encoding that was not asked for", complete=False)
    return
    yield  # makes this a generator


async def _slices(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield short pieces: zlib copies what follows a member, and a long piece may hold many members."""
    async for piece in pieces:
        if len(piece) <= _SLICE:
            yield piece
        else:
            for start in range(0, len(piece), _SLICE):
                yield piece[start : start + _SLICE]


async def _decompressed(pieces: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Undo gzip in pieces of at most `size` bytes: a few bytes may decompress to very many."""
    unzip, begun = zlib.decompressobj(_GZIP), False  # an empty body has no gzip to undo
    empty = 0
    try:
        async for piece in _slices(pieces):
            rest, begun = piece, True
            while rest:
                if unzip.eof:
                    if not rest.startswith(b"\x1f"):
                        break  # padding; another member would begin like this (RFC 1952, 2.2)
                    unzip = zlib.decompressobj(_GZIP)
                content = unzip.decompress(rest, size)
                empty = 0 if content else empty + unzip.eof
                if empty > _MAX_EMPTY:
                    raise _incomplete()
                yield content
                rest = unzip.unconsumed_tail or unzip.unused_data
    except zlib.error:
        complete = False
    else:
        complete = unzip.eof or not begun
    if not complete:
        raise _incomplete()


def _incomplete() -> DecodeError:
    return DecodeError("the response is not complete gzip", complete=False)
