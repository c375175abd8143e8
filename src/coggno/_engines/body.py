"""Reading and decoding the body of a response."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final, Protocol, cast

from coggno.errors import APIError, DecodeError

MAX_ERROR_BYTES: Final = 64 * 1024  # of an error body, decompressed: no API needs more to state a reason
_GZIP: Final = zlib.MAX_WBITS | 16
_PIECE: Final = 1 << 20  # bytes that one piece of a compressed response may decompress to


class ReadableResponse(Protocol):
    """A response whose body can be read."""

    @property
    def status(self) -> int: ...

    def chunks(self) -> AsyncIterator[bytes]: ...


async def read_whole(response: ReadableResponse, limit: int) -> bytes:
    """Read a body to its end; if the status is not 2xx, at most its first 64 kB.

    Raises:
        DecodeError: the body of a 2xx response is longer than `limit` bytes.
    """
    if not is_success(response.status):
        return await _read_start(response, min(limit, MAX_ERROR_BYTES))
    content = bytearray()
    async for chunk in response.chunks():
        content += chunk
        if len(content) > limit:
            raise DecodeError(
                f"the response is longer than {limit} bytes (max_response_bytes): use iter() for long lists"
            )
    return bytes(content)


async def _read_start(response: ReadableResponse, limit: int) -> bytes:
    content = bytearray()
    # Closed at once: what is left of a large body must not be decompressed when the generator is collected.
    async with aclosing(cast("Any", response.chunks())) as chunks:
        async for chunk in chunks:
            content += chunk
            if len(content) >= limit:
                break
    return bytes(content[:limit])


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


async def _decompressed(pieces: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Undo gzip in pieces of at most `size` bytes: a few bytes may decompress to very many."""
    unzip, begun = zlib.decompressobj(_GZIP), False  # an empty body has no gzip to undo
    try:
        async for piece in pieces:
            rest, begun = piece, True
            while rest:
                if unzip.eof:
                    if not rest.startswith(b"\x1f"):
                        break  # padding; another member would begin like this (RFC 1952, 2.2)
                    unzip = zlib.decompressobj(_GZIP)
                yield unzip.decompress(rest, size)
                rest = unzip.unconsumed_tail or unzip.unused_data
    except zlib.error:
        complete = False
    else:
        complete = unzip.eof or not begun
    if not complete:
        raise DecodeError("the response is not complete gzip", complete=False)
