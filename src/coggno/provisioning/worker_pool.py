"""A fixed number of workers that share one list of work: memory stays bounded, however long the list is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, workers: int) -> None:
    """Do `work` on every item, begun in the order of the items.

    Args:
        items: taken one by one, when a worker is free.
        work: what to do with one.
        workers: how many items are worked on at once.

    Raises:
        Exception: the first one that `work` raises; the other workers are cancelled and have ended by then.
    """
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        # `gather` leaves the other tasks running when one of them fails.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
