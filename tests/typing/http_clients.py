"""Which clients `http_client=` accepts, never run: a wrong one is an error for mypy --strict and pyright strict.

Where an error is expected, a comment ignores it, and mypy reports an ignored error that is not there.
"""

from __future__ import annotations

import aiohttp
import httpx
import httpx2

from coggno import AsyncCoggno


async def accepted() -> None:
    AsyncCoggno(http_client=None)
    AsyncCoggno(http_client="aiohttp")
    async with httpx.AsyncClient() as client:
        AsyncCoggno(http_client=client)
    async with httpx2.AsyncClient() as continuation:
        AsyncCoggno(http_client=continuation)
    async with aiohttp.ClientSession() as session:
        AsyncCoggno(http_client=session)


class RequestsSession:
    """The methods of `requests.Session` that matter here; it need not be installed."""

    def get(self, url: str) -> object: ...

    def close(self) -> None: ...


def refused() -> None:
    AsyncCoggno(http_client=httpx.Client())  # type: ignore[arg-type]
    AsyncCoggno(http_client=httpx2.Client())  # type: ignore[arg-type]
    AsyncCoggno(http_client=RequestsSession())  # type: ignore[arg-type]
    AsyncCoggno(http_client="httpx")  # type: ignore[arg-type]
    AsyncCoggno(http_client=httpx.AsyncClient)  # type: ignore[arg-type]
