"""What httpx and httpx2 keep private: the connection pool of a client.

Seen with httpx 0.28.0 to 0.28.1 and httpx2 2.16.1 to 2.16.2; `tests/_engines/test_private.py` holds the contract. Where
an attribute is gone, the client counts as one without a pool: nothing is limited in front of it, its proxy is not
named in errors, what a cancellation loses stays lost, and what was received beyond a response is not noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import field, frozen

_UNLIMITED: Final = 1 << 31  # httpcore turns "no limit" into sys.maxsize
_DEPTH: Final = 3  # transports around a transport, as of a cache around retries around the network


@frozen
class HttpxPool:
    """The pool that a client uses for one address.

    Attributes:
        max_connections: how many connections it may open; `None` for no limit.
        proxy: host and port of its proxy, if any.
    """

    max_connections: int | None
    proxy: str | None
    _pool: Any = field(default=None, eq=False, repr=False)

    async def close_lost(self, trace: Any) -> None:
        """Close connections that nothing would ever use again, and free their places.

        A request that is cancelled at an unlucky moment (it has just got its connection, or its response has just
        ended) leaves a connection that is neither idle nor in use (encode/httpcore#1093).

        Args:
            trace: the `trace` extension of a request that has ended.
        """
        connections: list[Any] | None = getattr(self._pool, "_connections", None)
        requests: list[Any] | None = getattr(self._pool, "_requests", None)
        if connections is None or requests is None:
            return
        # No turn of the loop up to the removal: a new connection is assigned to its request without one.
        requests[:] = [request for request in requests if not _has_trace(request, trace)]
        used = {id(getattr(request, "connection", None)) for request in requests}
        lost = [one for one in connections if id(one) not in used and not one.is_idle() and not one.is_closed()]
        connections[:] = [one for one in connections if one not in lost]
        # Others may wait for the places.
        assign: Callable[[], list[Any]] | None = getattr(self._pool, "_assign_requests_to_connections", None)
        closing: list[Any] = assign() if lost and assign is not None else []
        for connection in [*lost, *closing]:
            await connection.aclose()

    async def close_if_polluted(self, trace: Any) -> None:
        """Close the connection of a request if more than its response was received on it.

        h11 keeps the rest, and the next request on the connection would take it for its own response.

        Args:
            trace: the `trace` extension of the request, whose response is about to be given back.
        """
        requests: list[Any] = getattr(self._pool, "_requests", [])
        connection: Any = next((request.connection for request in requests if _has_trace(request, trace)), None)
        # A connection through a proxy is around one that is around that of HTTP/1.1 or HTTP/2.
        while (inner := getattr(connection, "_connection", None)) is not None:
            connection = inner
        rest, _ = getattr(getattr(connection, "_h11_state", None), "trailing_data", (b"", False))
        if rest:
            await connection.aclose()


def _has_trace(request: Any, trace: Any) -> bool:
    extensions = getattr(getattr(request, "request", None), "extensions", {})
    return extensions.get("trace") is trace


def pool_of(client: Any, url: Any) -> HttpxPool | None:
    """Return the pool that `client` uses for `url`; `None` for a transport without one, such as a test double."""
    find = getattr(client, "_transport_for_url", None)
    transport = getattr(client, "_transport", None) if find is None else find(url)
    pool = next(_pools(transport, _DEPTH), None)
    if pool is None:
        return None
    limit = getattr(pool, "_max_connections", None)
    return HttpxPool(limit if isinstance(limit, int) and 0 < limit < _UNLIMITED else None, _proxy_of(pool), pool)


def _pools(transport: Any, depth: int) -> Iterator[Any]:
    """Yield the pool of a transport, or those of the transports that it wraps."""
    if not hasattr(transport, "handle_async_request"):
        return
    pool = getattr(transport, "_pool", None)
    if pool is not None:
        yield pool
    elif depth:
        for wrapped in getattr(transport, "__dict__", {}).values():
            yield from _pools(wrapped, depth - 1)


def _proxy_of(pool: Any) -> str | None:
    url = getattr(pool, "_proxy_url", None)
    host = getattr(url, "host", None)
    if not isinstance(host, bytes):
        return None
    port = getattr(url, "port", None)
    return host.decode() if port is None else f"{host.decode()}:{port}"
