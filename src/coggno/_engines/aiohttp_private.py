"""What aiohttp keeps to itself: the connection that a request is about to be sent on, and its hidden repetitions.

Seen with aiohttp 3.13.4 to 3.14.5 (`tests/_engines/test_private.py` holds the contract). Where an attribute of a
connection is gone, it is used unchecked, as aiohttp does by itself; where that of the session is, a middleware does the
same for more time.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final

import aiohttp

from coggno._engines.base import EngineRequest
from coggno._engines.readable import is_readable
from coggno.errors import APIConnectionError

_MARK: Final = "coggno_was_used"
_REPEATS: Final = "_retry_connection"


class StaleConnectionError(APIConnectionError):
    """A connection of the pool can no longer be used; another one can, and nothing was sent."""


class AiohttpAttempt:
    """A request of the engine on its way through aiohttp."""

    __slots__ = ("protocol", "request")

    def __init__(self, request: EngineRequest) -> None:
        self.request = request
        self.protocol: Any = None

    def close_connection(self) -> None:
        """Close the connection of the request, even if it was given back to the pool."""
        close = getattr(self.protocol, "close", None)
        if close is not None:
            close()


CURRENT: Final[ContextVar[AiohttpAttempt]] = ContextVar("coggno_aiohttp_attempt")
"""The attempt of this task: aiohttp makes its own request objects, and has no place in them for ours."""


class CheckedRequest(aiohttp.ClientRequest):
    """A request that checks its connection first, and records when it is sent.

    aiohttp returns a connection from its pool that is being closed, and one on which a response was received that
    nobody asked for: the request would take it for its own.
    """

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        attempt = CURRENT.get()
        attempt.protocol = getattr(conn, "protocol", None)
        if _is_used_up(conn):
            kind = StaleConnectionError if getattr(attempt.protocol, _MARK, False) else APIConnectionError
            raise kind("the connection was used up before the request was sent", outcome="not_sent")
        _mark_as_used(attempt.protocol)
        attempt.request.sent = True
        return await super().send(conn)


def switch_off_repetitions(session: aiohttp.ClientSession) -> bool:
    """Keep aiohttp from sending a GET or DELETE again, unasked; return whether that is possible for all requests."""
    if not hasattr(session, _REPEATS):
        return False
    setattr(session, _REPEATS, False)
    return True


def _is_used_up(connection: Any) -> bool:
    if getattr(connection, "transport", connection) is None:
        return True
    is_closing = getattr(getattr(connection, "transport", None), "is_closing", None)
    if is_closing is not None and is_closing():
        return True
    protocol = getattr(connection, "protocol", None)
    if getattr(protocol, "should_close", False):
        return True
    return getattr(protocol, _MARK, False) and _has_received(connection.transport)


def _mark_as_used(protocol: Any) -> None:
    # On a new connection, what TLS sends after its handshake may not have been read yet.
    with suppress(AttributeError):
        setattr(protocol, _MARK, True)


def _has_received(transport: Any) -> bool:
    # The system knows of what was received, or of a lost connection, before the event loop does.
    sock = transport.get_extra_info("socket")
    return sock is not None and is_readable(sock.fileno())
