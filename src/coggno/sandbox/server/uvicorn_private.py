"""What the sandbox needs of uvicorn beyond its documented API. Imported late: uvicorn is heavy.

Seen to work with uvicorn 0.30 and 0.54, both with h11 0.16. What is used, and nothing else:

- `Config.load`, `Config.lifespan_class`, `Server.lifespan`, `Server.startup`, `Server.servers`: starting in a running
  loop without `Server.serve`, which installs signal handlers;
- `ServerState.connections` and `.tasks`, the `transport` of a connection: ending at once, without waiting for clients;
- `H11Protocol` and its attributes `app`, `logger` and `transport`: breaking one connection without a response.

`tests/sandbox/server/test_uvicorn_private.py` names what a new version lacks. When one of the first two
groups is gone, `PlainServer` is used: `Server.serve` and `should_exit`, which are documented. Without the third, faults
that break a connection raise an exception in the application, and the client receives a 500 instead.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server

from .connections import EXTENSION, BreakableConnection

# l_onoff and l_linger (shorts on Windows, ints elsewhere): closing with 0 seconds left sends a reset.
_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_KEEP_ALIVE: Final = 75
"""Seconds an idle connection is kept: longer than clients keep theirs, so that only faults break one."""
_POLL: Final = 0.01
"""Seconds between two checks whether the plain server has started."""

_LOGGER: Final = logging.getLogger("coggno.sandbox.server")
# A client's mistake gets a response and is not logged; an error is a mistake of the application.
_LOGGER.setLevel(logging.ERROR)


class AppServer(Protocol):
    """A server for one application and one listening socket."""

    async def start(self, listener: socket.socket) -> None:
        """Accept connections from now on."""
        ...

    async def stop(self, listener: socket.socket) -> None:
        """Stop, and return when everything has ended."""
        ...


def make_server(app: ASGIApp) -> AppServer:
    """Return a server that stops at once and leaves signals alone, or else the plain one."""
    server = Server(_config(app))
    return DirectServer(server) if has_private_parts(server) else PlainServer(server)


def has_private_parts(server: Server) -> bool:
    """Return whether this uvicorn has what `DirectServer` needs."""
    return (
        all(hasattr(server.config, name) for name in ("load", "loaded"))
        and all(hasattr(server, name) for name in ("startup", "server_state"))
        and all(hasattr(server.server_state, name) for name in ("connections", "tasks"))
    )


class DirectServer:
    """Starts and stops uvicorn by its parts: no signal handlers, no waiting for idle connections.

    Args:
        server: what is started.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def start(self, listener: socket.socket) -> None:
        """Accept connections from now on."""
        config = self._server.config
        config.load()
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[listener])

    async def stop(self, listener: socket.socket) -> None:
        """Close the listener, break every connection, and return when all is gone."""
        # Starting may have failed before there were any.
        for server in getattr(self._server, "servers", ()):
            server.close()
        listener.close()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        tasks = list(self._server.server_state.tasks)
        for task in tasks:
            task.cancel()
        # Transports call `connection_lost` from the loop, also when there is no task to wait for.
        await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)


class PlainServer:
    """Runs uvicorn as its documentation shows, in a task.

    Args:
        server: what is started.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._task: asyncio.Task[None] | None = None

    async def start(self, listener: socket.socket) -> None:
        """Accept connections from now on.

        Raises:
            OSError: the socket cannot be used.
        """
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        # uvicorn sets a flag, and offers nothing to wait for.
        while not self._server.started and not self._task.done():  # noqa: ASYNC110
            await asyncio.sleep(_POLL)
        if self._task.done():
            await self._task

    async def stop(self, listener: socket.socket) -> None:
        """Stop without waiting for connections that are open."""
        self._server.should_exit = self._server.force_exit = True
        try:
            # A start that failed was reported by `start`; its error must not be raised a second time.
            if self._task is not None and not self._task.done():
                await self._task
        finally:
            listener.close()


class _SocketBreaker:
    """The `BreakableConnection` of a protocol; the transport exists only after the protocol is made."""

    def __init__(self, transport: Callable[[], asyncio.Transport]) -> None:
        self._transport = transport

    def close(self) -> None:
        self._transport().close()

    def reset(self) -> None:
        transport = self._transport()
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()


def breakable_protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    """Return uvicorn's h11 protocol with a way to break the connection in the scope, or the name of the plain one."""
    try:
        from uvicorn.protocols.http.h11_impl import H11Protocol
    except ImportError:
        return "h11"

    class BreakableProtocol(H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.logger = _LOGGER
            if hasattr(self, "app") and hasattr(self, "transport"):
                self.app = _breakable(self.app, _SocketBreaker(lambda: self.transport))

    return BreakableProtocol


def _config(app: ASGIApp) -> Config:
    return Config(
        app,
        http=breakable_protocol(),
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


def _breakable(app: ASGIApp, connection: BreakableConnection) -> ASGIApp:
    async def breakable(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[EXTENSION] = connection
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            # Only `stop` cancels, after it broke the connection; uvicorn would log it as an error.
            return

    return breakable
