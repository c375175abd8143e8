"""Breaking a connection on purpose.

ASGI has no way to say "close without a response", so the sandbox's own server offers one in the scope. Where there is
no such extension (in process under `httpx.ASGITransport`, or another server) an exception is raised instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from starlette.types import Receive, Scope

EXTENSION: Final = "coggno.sandbox.connection"
"""Key in `scope["extensions"]` of a `BreakableConnection`."""


class ConnectionDroppedError(ConnectionResetError):
    """A connection that the sandbox broke on purpose, where there is no socket to break."""


MakeError: TypeAlias = Callable[[str], Exception]
"""Makes what is raised where there is no socket: `ConnectionDroppedError`, `httpx.ReadError`, ..."""


class BreakableConnection(Protocol):
    """The connection on which a request came in."""

    def close(self) -> None:
        """Send what was written so far, then close."""
        ...

    def reset(self) -> None:
        """Close at once, so that the peer receives a reset."""
        ...


async def break_connection(scope: Scope, receive: Receive, *, reset: bool, error: MakeError) -> None:
    """Break the connection and return when it is gone.

    Raises:
        Exception: what `error` makes, if there is no socket to break.
    """
    connection: BreakableConnection | None = scope.get("extensions", {}).get(EXTENSION)
    if connection is None:
        raise error("the sandbox dropped the connection")
    if reset:
        connection.reset()
    else:
        connection.close()
    # A server complains about an application that returns without a response while the peer is still there.
    while (await receive())["type"] != "http.disconnect":
        pass
