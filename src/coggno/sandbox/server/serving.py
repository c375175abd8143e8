"""Serving an application on a socket of this machine: in the running loop, in a thread, or until interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp

if TYPE_CHECKING:
    from .uvicorn_private import AppServer

LOOPBACK: Final = "127.0.0.1"


@asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str = LOOPBACK, port: int = 0, allow_remote: bool = False
) -> AsyncGenerator[str, None]:
    """Serve `app` in the running loop for the length of an `async with`; yields the base URL.

    Leaving the block breaks all connections at once. Signal handlers are left alone and nothing is printed.

    Args:
        app: a `Sandbox`, or any ASGI application.
        host: the address to listen on.
        port: where to listen; 0 takes a free port.
        allow_remote: whether `host` may be an address that other machines reach.

    Raises:
        ValueError: `host` is not a loopback address.
        OSError: the address is taken, or is none of this machine.
        ImportError: uvicorn is not installed.
    """
    server = _server(app)
    listener = _bind(host, port, allow_remote=allow_remote)
    try:
        await server.start(listener)
        yield _url(listener)
    finally:
        await server.stop(listener)


class ServerThread:
    """Serves an application from a thread with its own loop; `with ServerThread(sandbox) as url: ...`.

    Args:
        app: a `Sandbox`, or any ASGI application.
        host: the address to listen on.
        port: where to listen; 0 takes a free port.
        allow_remote: whether `host` may be an address that other machines reach.
    """

    def __init__(self, app: ASGIApp, *, host: str = LOOPBACK, port: int = 0, allow_remote: bool = False) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._allow_remote = allow_remote
        self._started: Future[str] = Future()
        self._end: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="coggno-sandbox", daemon=True)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Start serving, once; return the base URL when connections are accepted.

        Raises:
            ValueError, OSError, ImportError: as `serving` does.
        """
        self._thread.start()
        return self._started.result()

    def stop(self) -> None:
        """Stop serving and return when the thread has ended; a second time does nothing."""
        self._end()
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as exc:
            # Before the start `start` waits for it; later nobody does, and the thread reports it.
            if self._started.done():
                raise
            self._started.set_exception(exc)

    async def _serve(self) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self._app, host=self._host, port=self._port, allow_remote=self._allow_remote) as url:
            # `stop` may be called again when the loop is closed already.
            self._end = lambda: loop.is_closed() or loop.call_soon_threadsafe(ended.set)
            self._started.set_result(url)
            await ended.wait()


def run(
    app: ASGIApp,
    host: str = LOOPBACK,
    port: int = 8000,
    *,
    allow_remote: bool = False,
    on_start: Callable[[str], object] | None = None,
) -> None:
    """Serve `app` until interrupted (Ctrl-C) or asked to end (SIGTERM), and return.

    Args:
        app: a `Sandbox`, or any ASGI application.
        host: the address to listen on.
        port: where to listen; 0 takes a free port.
        allow_remote: whether `host` may be an address that other machines reach.
        on_start: called with the base URL when connections are accepted.

    Raises:
        ValueError, OSError, ImportError: as `serving` does.
    """

    async def forever() -> None:
        async with serving(app, host=host, port=port, allow_remote=allow_remote) as url:
            if on_start is not None:
                on_start(url)
            await _sigterm()

    # Ctrl-C is how this is meant to end, so it leaves no traceback.
    with suppress(KeyboardInterrupt):
        asyncio.run(forever())


async def _sigterm() -> None:
    """Return when the process is asked to end; where that cannot be noticed, never."""
    received = asyncio.Event()
    # Only the main thread receives signals, and on Windows a loop takes none. A container has no other way to end
    # this than SIGTERM, which the first process of one ignores unless it is handled.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, received.set)
    await received.wait()


def _server(app: ASGIApp) -> AppServer:
    try:
        # Late: who only uses the sandbox in process needs no server.
        from .uvicorn_private import make_server
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] not in {"uvicorn", "h11"}:
            raise
        raise ImportError("serving the sandbox needs uvicorn: pip install 'coggno[sandbox]'") from exc
    return make_server(app)


def _bind(host: str, port: int, *, allow_remote: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    if not allow_remote and not ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise ValueError(f"{host} can be reached from other machines; if that is intended, pass allow_remote=True")
    listener = socket.socket(family, kind, protocol)
    try:
        # A port can be used again at once after a restart. On Windows the option would let two programs share it.
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
