"""Several calls at once, results in the order of the arguments."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def windowed(call: Callable[[T], Awaitable[R]], arguments: Iterable[T], concurrency: int) -> AsyncGenerator[R]:
    """Yield the result of `call` for each argument, in order, with at most `concurrency` calls and results at a time.

    The first failure ends it, and the calls under way with it.
    """

    async def run(argument: T) -> R:
        return await call(argument)

    waiting: deque[asyncio.Task[R]] = deque()
    try:
        for argument in arguments:
            waiting.append(asyncio.create_task(run(argument)))
            if len(waiting) >= concurrency:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        # Awaited, so that no exception of theirs is reported as never retrieved.
        await asyncio.gather(*waiting, return_exceptions=True)
