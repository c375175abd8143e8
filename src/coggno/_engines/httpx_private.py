"""What httpx and httpx2 keep private: the connection pool of a client.

Seen with httpx 0.28.0 to 0.28.1 and httpx2 2.16.1 to 2.16.2; `tests/_engines/test_private.py` holds the contract. Where
an attribute is gone, the client counts as one without a pool: nothing is limited in front of it, and its proxy is not
named in errors.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen


@frozen
class HttpxPool:
    """The pool that a client uses for one address.

    Attributes:
        max_connections: how many connections it may open; `None` for no limit.
        proxy: host and port of its proxy, if any.
    """

    max_connections: int | None
    proxy: str | None


def pool_of(client: Any, url: Any) -> HttpxPool | None:
    """Return the pool that `client` uses for `url`; `None` for a transport without one, such as a test double."""
    find = getattr(client, "_transport_for_url", None)
    transport = getattr(client, "_transport", None) if find is None else find(url)
    pool = getattr(transport, "_pool", None)
    if pool is None:
        return None
    limit = getattr(pool, "_max_connections", None)
    return HttpxPool(limit if isinstance(limit, int) and 0 < limit < _UNLIMITED else None, _proxy_of(pool))


_UNLIMITED = 1 << 31  # httpcore turns "no limit" into sys.maxsize


def _proxy_of(pool: Any) -> str | None:
    url = getattr(pool, "_proxy_url", None)
    host = getattr(url, "host", None)
    if not isinstance(host, bytes):
        return None
    port = getattr(url, "port", None)
    return host.decode() if port is None else f"{host.decode()}:{port}"
