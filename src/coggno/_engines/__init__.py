"""Engines send the bytes. `base` is what the session needs of one; each other module adapts one HTTP library."""

from __future__ import annotations

import sys
from typing import Any

from coggno._engines.base import Engine
from coggno._engines.clients import HttpClient
from coggno._engines.environment import proxy_for
from coggno._engines.origin import Origin
from coggno.errors import ConfigurationError

__all__ = ["Engine", "HttpClient", "engine_for"]


def engine_for(http_client: HttpClient | None, *, base_url: str, max_connections: int) -> Engine:
    """Return the engine for a client of the caller's, or one of our own when there is none.

    Args:
        http_client: an `httpx.AsyncClient`, an `httpx2.AsyncClient` or an `aiohttp.ClientSession`, `"aiohttp"` for a
            session of ours, or `None`. A client of the caller's stays the caller's to close.
        base_url: where all requests go.
        max_connections: limit of our own pool, checked before; a client of the caller's has its own.

    Raises:
        ConfigurationError: `http_client` is something else, or is closed; the host name of `base_url` is not
            valid; the environment names a proxy that cannot be used.
    """
    origin = Origin.of(base_url)
    if http_client is None:
        return _own_engine(origin, max_connections)
    if isinstance(http_client, str):
        return _named_engine(http_client, origin, max_connections)
    client: Any = http_client
    library = _library(client)
    if library in {"httpx", "httpx2"} and isinstance(client, sys.modules[library].AsyncClient):
        from coggno._engines.httpx import HttpxEngine

        return HttpxEngine(client, origin, sys.modules[library])
    if library == "aiohttp" and isinstance(client, sys.modules[library].ClientSession):
        from coggno._engines.aiohttp import AiohttpEngine

        return AiohttpEngine(client, origin)
    raise ConfigurationError(_unusable(client, library))


def _unusable(http_client: object, library: str | None) -> str:
    kind = type(http_client)
    name = f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
    if library is not None:
        other = library if library in {"httpx", "httpx2"} else "httpx"
        return f"http_client: a {name} is for synchronous code; pass an {other}.AsyncClient"
    return (
        "http_client must be an httpx.AsyncClient, an httpx2.AsyncClient, an aiohttp.ClientSession or 'aiohttp', "
        f"not {name}"
    )


def _library(http_client: object) -> str | None:
    """Return the library that a client, or the class it is derived from, belongs to."""
    # By name: importing aiohttp to compare classes would cost everybody 150 ms.
    modules = (kind.__module__.partition(".")[0] for kind in type(http_client).__mro__)
    return next((name for name in modules if name in {"httpx", "httpx2", "aiohttp", "requests"}), None)


def _own_engine(origin: Origin, max_connections: int) -> Engine:
    from coggno._engines.default import DefaultEngine

    return DefaultEngine(origin, max_connections=max_connections, proxy=proxy_for(origin))


def _named_engine(name: str, origin: Origin, max_connections: int) -> Engine:
    if name != "aiohttp":
        raise ConfigurationError(f"http_client: the only engine that is chosen by name is 'aiohttp', not {name!r}")
    try:
        from coggno._engines.aiohttp import OwnAiohttpEngine
    except ImportError as error:
        raise ConfigurationError("http_client='aiohttp' needs aiohttp: pip install 'coggno[aiohttp]'") from error
    return OwnAiohttpEngine(origin, max_connections=max_connections, proxy=proxy_for(origin))
