"""What the session asks of an engine.

An engine sends one request once. It follows no redirect, keeps no cookie, repeats nothing, and sorts every failure into
`not_sent` (nothing of the request can have reached the server) or `unknown`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, NoReturn, Protocol

from attrs import define, field, frozen

from coggno._config import Timeout
from coggno.errors import APIConnectionError, APIError, APITimeoutError, DecodeError

_GZIP: Final = zlib.MAX_WBITS | 16
_PIECE: Final = 1 << 20  # bytes that one piece of a compressed answer may unfold to
_QUOTATION: Final = re.compile(r"""\s*(?:[\n:(<\[{'"]|\bb['"]).*""", re.DOTALL)


@define(kw_only=True)
class EngineRequest:
    """A request, ready to send. Headers and content are left out of `repr`: they hold the key and passwords.

    Attributes:
        method: the HTTP method, in upper case.
        target: path and query as they stand in the request line (RFC 9112, 3.2.1), ASCII, the path of `base_url`
            included. The origin is known to the engine.
        headers: all but `Host` and `Content-Length`, which the engine adds.
        content: the body; empty for none.
        sent: whether a byte of it may have left this machine. The engine keeps it up to date during an attempt, so
            that whoever cuts the attempt off (a time limit, a cancellation) knows the outcome: `False` means
            `not_sent`.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    sent: bool = field(default=True, init=False, eq=False)  # the safe side, for an engine that does not track it


@frozen(kw_only=True)
class EngineResponse:
    """An answer, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


async def read_whole(answer: StreamedResponse, limit: int) -> bytes:
    """Read a body to its end; of an answer whose status is not 2xx, at most its first `limit` bytes.

    Raises:
        DecodeError: a 2xx answer is longer than `limit` bytes.
    """
    content = bytearray()
    async for chunk in answer.chunks():
        content += chunk
        if len(content) > limit:
            if not is_success(answer.status):
                break
            raise DecodeError(
                f"the response is longer than {limit} bytes (max_response_bytes): use iter() for long lists"
            )
    return bytes(content[:limit])


def is_success(status: int) -> bool:
    """Return whether `status` is 2xx."""
    return 200 <= status < 300


def decoded(pieces: AsyncIterator[bytes], status: int, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """Undo the content encoding of a body.

    If the status is not 2xx, a body that cannot be read ends where it fails: it must not hide the status.

    Raises:
        DecodeError: a 2xx answer is not whole gzip, or in an encoding that was not asked for.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        pieces = _unzipped(pieces)
    elif encoding not in {"", "identity"}:
        pieces = _refused(pieces)
    return pieces if is_success(status) else _as_far_as_it_goes(pieces)


async def _as_far_as_it_goes(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    except APIError:
        pass


async def _refused(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """An empty body is in no encoding, whatever the header says."""
    async for _ in pieces:
        raise DecodeError("the answer is in a content encoding that was not asked for", complete=False)
    return
    yield  # makes this a generator


async def _unzipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Undo gzip in bounded pieces: a few bytes may unfold to very many. An empty body has no gzip to undo."""
    unzip, begun = zlib.decompressobj(_GZIP), False
    try:
        async for piece in pieces:
            rest, begun = piece, True
            while rest:
                if unzip.eof:
                    if not rest.startswith(b"\x1f"):
                        break  # padding; another member would begin like this (RFC 1952, 2.2)
                    unzip = zlib.decompressobj(_GZIP)
                yield unzip.decompress(rest, _PIECE)
                rest = unzip.unconsumed_tail or unzip.unused_data
    except zlib.error:
        whole = False
    else:
        whole = unzip.eof or not begun
    if not whole:
        raise DecodeError("the answer is not whole gzip", complete=False)


def failure(error: Exception, *, sent: bool, timed_out: bool, detail: str | None = None) -> APIConnectionError:
    """Return our error for a library's.

    Args:
        error: what the library raised.
        sent: whether a byte of the request may have left.
        timed_out: whether a time limit ran out.
        detail: what to say of it; the error's own text if not given.
    """
    if sent:
        what = "no answer in time" if timed_out else "the connection failed after the request may have been sent"
    else:
        what = "no connection in time" if timed_out else "no connection"
    text = " ".join((str(error) if detail is None else detail).split())
    kind = APITimeoutError if timed_out else APIConnectionError
    name = type(error).__name__
    return kind(f"{what} ({name}: {text})" if text else f"{what} ({name})", outcome="unknown" if sent else "not_sent")


def without_quotations(text: str) -> str:
    """Return what a library says of an answer, up to where it quotes it."""
    return _QUOTATION.sub("", text, count=1)


def raise_alone(error: Exception) -> NoReturn:
    """Raise `error` with neither cause nor context.

    For what a library raises with the request hanging on it, or quoting the answer: a server may send back what it was
    sent, key and password included.
    """
    try:
        raise error from None
    finally:
        error.__context__ = None


class StreamedResponse(Protocol):
    """An answer whose body is still coming."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece, with any content encoding undone."""
        ...


class Engine(Protocol):
    """Moves bytes for one client and its copies."""

    async def send(self, request: EngineRequest, timeout: Timeout, max_response_bytes: int) -> EngineResponse:
        """Send `request` once and read the answer whole.

        Raises:
            APIConnectionError: with `outcome` `not_sent` or `unknown`; `APITimeoutError` if a limit ran out.
            DecodeError: the answer is longer than `max_response_bytes` bytes.
        """
        ...

    def stream(self, request: EngineRequest, timeout: Timeout) -> AbstractAsyncContextManager[StreamedResponse]:
        """Send `request` once and hand out the answer as soon as its headers are there; raises as `send`."""
        ...

    async def aclose(self) -> None:
        """Close what the engine opened itself; a client of the caller's is left alone."""
        ...
