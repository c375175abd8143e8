"""Types of what `http_client=` accepts.

Protocols and not the classes themselves: httpx2 and aiohttp are optional, and for a user without them a type checker
would see an unknown type in our signatures.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias


class HttpxClient(Protocol):
    """An `httpx.AsyncClient` or an `httpx2.AsyncClient`; their synchronous `Client` has no `aclose`."""

    follow_redirects: bool

    @property
    def is_closed(self) -> bool: ...

    async def aclose(self) -> None: ...


class AiohttpSession(Protocol):
    """An `aiohttp.ClientSession`; a `requests.Session` has no `closed`, and its `close` is not a coroutine."""

    @property
    def closed(self) -> bool: ...

    @property
    def requote_redirect_url(self) -> bool: ...

    async def close(self) -> None: ...

    def detach(self) -> None: ...


HttpClient: TypeAlias = HttpxClient | AiohttpSession | Literal["aiohttp"]
"""What `http_client=` accepts."""
