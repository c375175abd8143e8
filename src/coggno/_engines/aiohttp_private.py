"""What aiohttp keeps to itself: the connection that a request is about to be sent on.

Seen with aiohttp 3.13.4 to 3.14.5 (`tests/_engines/test_private.py` holds the contract). Where an attribute is gone,
the connection is used unchecked, as aiohttp does by itself.
"""

from __future__ import annotations

from typing import Any

import aiohttp

from coggno._engines.base import EngineRequest
from coggno.errors import APIConnectionError


class CheckedRequest(aiohttp.ClientRequest):
    """A request that checks its connection first, and records when it is sent.

    aiohttp returns a connection from its pool that is being closed, and one on which a response was received that
    nobody asked for: the request would take it for its own.
    """

    engine_request: EngineRequest
    _protocol: Any = None

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        if _is_used_up(conn):
            raise APIConnectionError("the connection was used up before the request was sent", outcome="not_sent")
        self._protocol = getattr(conn, "protocol", None)
        self.engine_request.sent = True
        return await super().send(conn)

    def close_connection(self) -> None:
        """Close the connection of the request, even if it was given back to the pool."""
        close = getattr(self._protocol, "close", None)
        if close is not None:
            close()


def _is_used_up(connection: Any) -> bool:
    if getattr(connection, "transport", connection) is None:
        return True
    is_closing = getattr(getattr(connection, "transport", None), "is_closing", None)
    if is_closing is not None and is_closing():
        return True
    return bool(getattr(getattr(connection, "protocol", None), "should_close", False))
