"""Who moves the bytes. `port` says what the session needs; each adapter turns one library's client into it."""

from __future__ import annotations

from typing import Any

from coggno._engines.port import Engine
from coggno.errors import ConfigurationError


def engine_for(http_client: Any, *, max_connections: int) -> Engine:
    """Return the engine for a client of the caller's, or one of our own when there is none.

    Args:
        http_client: an `httpx.AsyncClient`, or `None`. A client of the caller's stays the caller's to close.
        max_connections: limit of our own pool; a client of the caller's has its own.

    Raises:
        ConfigurationError: `http_client` is something else.
    """
    import httpx

    from coggno._engines.httpx import HttpxEngine

    if http_client is None:
        return HttpxEngine.own(max_connections=max_connections)
    if isinstance(http_client, httpx.AsyncClient):
        return HttpxEngine(http_client, owned=False)
    hint = "; the client is async: use httpx.AsyncClient" if isinstance(http_client, httpx.Client) else ""
    message = f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}{hint}"
    raise ConfigurationError(message)
