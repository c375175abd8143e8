"""uvicorn, made fit for tests: no signal handlers, no waiting, connections that can be broken. Imported late."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from .connection import EXTENSION, Connection

# l_onoff and l_linger (shorts on Windows, ints elsewhere): closing with 0 seconds left sends a reset.
_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_KEEP_ALIVE: Final = 75
"""Seconds an idle connection is kept: longer than clients keep theirs, so that only faults break one."""

_LOGGER: Final = logging.getLogger("coggno.sandbox.server")
# What a client did wrong is answered, not logged; an error is a mistake of the application's own.
_LOGGER.setLevel(logging.ERROR)


class SandboxServer(Server):
    """A uvicorn server for one application, started with `startup` and stopped with `shutdown`.

    Neither touches signal handlers or waits for connections that are idle.

    Args:
        app: what it serves.
    """

    def __init__(self, app: ASGIApp) -> None:
        config = Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        super().__init__(config)
        config.load()
        self.lifespan = config.lifespan_class(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners, break every connection, and return when all is gone."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        # Transports call `connection_lost` from the loop, also when there is no task to wait for.
        await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)


class _Protocol(H11Protocol):
    """uvicorn's h11 protocol, with a logger of our own and a way to break the connection in the scope."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _LOGGER
        self.app = _breakable(self.app, _Connection(lambda: self.transport))


class _Connection:
    """The `Connection` of a protocol, whose transport comes after it is made."""

    def __init__(self, transport: Callable[[], asyncio.Transport]) -> None:
        self._transport = transport

    def close(self) -> None:
        self._transport().close()

    def reset(self) -> None:
        transport = self._transport()
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()


def _breakable(app: ASGIApp, connection: Connection) -> ASGIApp:
    async def breakable(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[EXTENSION] = connection
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            # Only `shutdown` cancels, after it broke the connection; uvicorn would log it as an error.
            return

    return breakable
