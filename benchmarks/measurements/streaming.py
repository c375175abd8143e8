"""A very long list, read item by item: CPU time per item, and the growth of memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from attrs import frozen

from benchmarks import machine
from benchmarks.peers import KEY, PATH
from coggno import AsyncCoggno

_SAMPLE_INTERVAL: Final = 1000  # items between two samples of the memory


@frozen
class StreamingCost:
    """What reading the list cost.

    Attributes:
        items: number of items.
        cpu: microseconds of CPU per item.
        rate: items per second.
        growth: growth of memory in MB, from the first item to the peak.
    """

    items: int
    cpu: float
    rate: float
    growth: float


async def measure(reader: str, url: str) -> StreamingCost:
    """Read the list once and keep none of its items."""
    count, low, high = 0, 0.0, 0.0
    cpu, begin = time.process_time(), time.perf_counter()
    async for _ in READERS[reader](url):
        if count % _SAMPLE_INTERVAL == 0:
            high = max(high, machine.resident())
            low = low or high
        count += 1
    elapsed = time.perf_counter() - begin
    return StreamingCost(
        items=count, cpu=(time.process_time() - cpu) / count * 1e6, rate=count / elapsed, growth=high - low
    )


async def _iter(url: str) -> AsyncIterator[Any]:
    async with AsyncCoggno(KEY, base_url=url) as coggno:
        async for user in coggno.users.iter():
            yield user


async def _list(url: str) -> AsyncIterator[Any]:
    async with AsyncCoggno(KEY, base_url=url) as coggno:
        yield None  # the first sample of the memory
        for user in await coggno.users.list():
            yield user


async def _ijson(url: str) -> AsyncIterator[Any]:
    import httpx
    import ijson

    from coggno._protocol.converter import structure
    from coggno.models import User

    items = ijson.sendable_list()
    parser = ijson.items_coro(items, "item")
    async with httpx.AsyncClient(auth=(KEY, ""), timeout=60) as client, client.stream("GET", url + PATH) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            parser.send(chunk)
            for item in items:
                yield structure(item, User)
            del items[:]


READERS: Final[Mapping[str, Callable[[str], AsyncIterator[Any]]]] = {"iter": _iter, "ijson": _ijson, "list": _list}
TITLES: Final[Mapping[str, str]] = {
    "iter": "**coggno** `users.iter()`",
    "ijson": "ijson (C) over httpx, the same models",
    "list": "**coggno** `users.list()`, which keeps the whole list",
}
