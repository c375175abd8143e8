"""A very long list, item by item: CPU time per item, and by how much memory grows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from attrs import frozen

from benchmarks import machine
from benchmarks.peers import KEY, PATH
from coggno import AsyncCoggno

_EVERY: Final = 1000  # items between two looks at the memory


@frozen
class Streamed:
    """What reading the list showed."""

    items: int
    cpu: float
    """Microseconds of CPU per item."""
    rate: float
    """Items per second."""
    growth: float
    """MB, from the first item to the fullest moment."""


async def measure(way: str, url: str) -> Streamed:
    """Read the list once and keep nothing of it."""
    count, low, high = 0, 0.0, 0.0
    cpu, begin = time.process_time(), time.perf_counter()
    async for _ in WAYS[way](url):
        if count % _EVERY == 0:
            high = max(high, machine.resident())
            low = low or high
        count += 1
    elapsed = time.perf_counter() - begin
    return Streamed(items=count, cpu=(time.process_time() - cpu) / count * 1e6, rate=count / elapsed, growth=high - low)


async def _iter(url: str) -> AsyncIterator[Any]:
    async with AsyncCoggno(KEY, base_url=url) as coggno:
        async for user in coggno.users.iter():
            yield user


async def _list(url: str) -> AsyncIterator[Any]:
    async with AsyncCoggno(KEY, base_url=url) as coggno:
        yield None  # the memory before
        for user in await coggno.users.list():
            yield user


async def _ijson(url: str) -> AsyncIterator[Any]:
    import httpx
    import ijson

    from coggno._protocol.converter import structure
    from coggno.models import User

    found = ijson.sendable_list()
    parser = ijson.items_coro(found, "item")
    async with httpx.AsyncClient(auth=(KEY, ""), timeout=60) as client, client.stream("GET", url + PATH) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            parser.send(chunk)
            for item in found:
                yield structure(item, User)
            del found[:]


WAYS: Final[Mapping[str, Callable[[str], AsyncIterator[Any]]]] = {"iter": _iter, "ijson": _ijson, "list": _list}
TITLES: Final[Mapping[str, str]] = {
    "iter": "**coggno** `users.iter()`",
    "ijson": "ijson (C) over httpx, the same models",
    "list": "**coggno** `users.list()`, which keeps all of it",
}
