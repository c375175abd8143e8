"""Engines send the bytes. `base` is the protocol that the session needs; each other module adapts one HTTP library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from coggno._engines.base import Engine
from coggno._engines.origin import Origin
from coggno.errors import ConfigurationError


def engine_for(http_client: Any, *, base_url: str, max_connections: int) -> Engine:
    """Return the engine for a client of the caller's, or one of our own when there is none.

    Args:
        http_client: an `httpx.AsyncClient`, an `httpx2.AsyncClient`, an `aiohttp.ClientSession`, `"aiohttp"` for a
            session of ours, or `None`. A client of the caller's stays the caller's to close.
        base_url: where all requests go.
        max_connections: limit of our own pool; a client of the caller's has its own.

    Raises:
        ConfigurationError: `http_client` is something else, or is closed; or no host can have this name.
    """
    origin = Origin.of(base_url)
    if http_client is None:
        return _own_engine(origin, max_connections)
    if isinstance(http_client, str):
        return _named_engine(http_client, origin, max_connections)
    library = _library(http_client)
    if library in {"httpx", "httpx2"} and isinstance(http_client, sys.modules[library].AsyncClient):
        from coggno._engines.httpx import HttpxEngine

        return HttpxEngine.around(http_client, library, origin)
    if library == "aiohttp" and isinstance(http_client, sys.modules[library].ClientSession):
        from coggno._engines.aiohttp import AiohttpEngine

        return _in_a_loop(lambda: AiohttpEngine.around(http_client, origin))
    message = (
        "http_client must be an httpx.AsyncClient, an httpx2.AsyncClient or an aiohttp.ClientSession, "
        f"not {type(http_client).__module__}.{type(http_client).__qualname__}"
    )
    raise ConfigurationError(message)


def _library(http_client: object) -> str | None:
    """Return the library that a client, or the class it is derived from, belongs to."""
    homes = (kind.__module__.partition(".")[0] for kind in type(http_client).__mro__)
    return next((home for home in homes if home in {"httpx", "httpx2", "aiohttp"}), None)


def _own_engine(origin: Origin, max_connections: int) -> Engine:
    if proxied(origin):
        from coggno._engines.httpx import HttpxEngine

        return HttpxEngine.own(origin, max_connections=max_connections)
    from coggno._engines.httpcore import HttpcoreEngine

    return HttpcoreEngine.to(origin, max_connections=max_connections)


def _named_engine(name: str, origin: Origin, max_connections: int) -> Engine:
    if name != "aiohttp":
        raise ConfigurationError(f"http_client: the only engine that is chosen by name is 'aiohttp', not {name!r}")
    try:
        from coggno._engines.aiohttp import AiohttpEngine
    except ImportError as error:
        raise ConfigurationError("http_client='aiohttp' needs aiohttp: pip install 'coggno[aiohttp]'") from error
    return _in_a_loop(lambda: AiohttpEngine.own(origin, max_connections=max_connections))


def _in_a_loop(make: Callable[[], Engine]) -> Engine:
    try:
        return make()
    except RuntimeError as error:
        message = "http_client: aiohttp needs a running event loop; make the client inside a coroutine"
        raise ConfigurationError(message) from error


def proxied(origin: Origin) -> bool:
    """Return whether the environment names a proxy for `origin` (`HTTPS_PROXY`, `NO_PROXY`, ...)."""
    import urllib.request

    proxies = urllib.request.getproxies()
    if not (proxies.get(origin.scheme) or proxies.get("all")):
        return False
    return not urllib.request.proxy_bypass(origin.netloc)
