"""What the session asks of an engine.

An engine sends one request once. It follows no redirect, keeps no cookie, repeats nothing, and sorts every failure into
`not_sent` (nothing of the request can have reached the server) or `unknown`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import field, frozen

from coggno._config import Timeout
from coggno.errors import APIConnectionError, APITimeoutError, DecodeError


@frozen(kw_only=True)
class Outgoing:
    """A request, ready to send. Headers and content stay out of `repr`: they hold the key and passwords."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class Incoming:
    """An answer, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


async def read_whole(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """Read a body to its end.

    Raises:
        DecodeError: it is longer than `limit` bytes.
    """
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > limit:
            raise DecodeError(f"the answer is longer than {limit} bytes (max_answer); use iter() for long lists")
    return bytes(content)


def failure(error: Exception, *, sent: bool, timed_out: bool) -> APIConnectionError:
    """Return our error for a library's.

    Args:
        error: what the library raised.
        sent: whether a byte of the request may have left.
        timed_out: whether a time limit ran out.
    """
    if sent:
        what = "no answer in time" if timed_out else "the connection failed after the request may have been sent"
    else:
        what = "no connection in time" if timed_out else "no connection"
    detail = " ".join(str(error).split())
    kind = APITimeoutError if timed_out else APIConnectionError
    name = type(error).__name__
    return kind(
        f"{what} ({name}: {detail})" if detail else f"{what} ({name})", outcome="unknown" if sent else "not_sent"
    )


class Streamed(Protocol):
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

    async def send(self, request: Outgoing, timeout: Timeout, max_answer: int) -> Incoming:
        """Send `request` once and read the answer whole.

        Raises:
            APIConnectionError: with `outcome` `not_sent` or `unknown`; `APITimeoutError` if a limit ran out.
            DecodeError: the answer is longer than `max_answer` bytes.
        """
        ...

    def stream(self, request: Outgoing, timeout: Timeout) -> AbstractAsyncContextManager[Streamed]:
        """Send `request` once and hand out the answer as soon as its headers are there; raises as `send`."""
        ...

    async def aclose(self) -> None:
        """Close what the engine opened itself; a client of the caller's is left alone."""
        ...
