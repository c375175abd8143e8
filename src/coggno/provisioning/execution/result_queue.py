"""Results on their way from the workers of a phase to whoever iterates over the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

from attrs import define, field

from coggno.provisioning.outcomes import RowResult


@define(eq=False)
class ResultQueue:
    """Results that were not taken yet. It has no limit: workers limit themselves."""

    _queue: asyncio.Queue[RowResult | None] = field(factory=asyncio.Queue[RowResult | None])

    def put(self, result: RowResult) -> None:
        """Hand over a result."""
        self._queue.put_nowait(result)

    async def put_by(self, work: Callable[[], Awaitable[None]]) -> AsyncGenerator[RowResult]:
        """Carry out `work`, and yield what it puts until it ends; it is cancelled when the iteration is left early.

        Raises:
            Exception: what `work` raises, after everything that it has put.
        """
        worker = asyncio.create_task(self._to_its_end(work))
        try:
            while (result := await self._queue.get()) is not None:
                yield result
            await worker  # raises what went wrong in it
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    def unclaimed(self) -> Iterator[RowResult]:
        """Yield the results that nobody has taken."""
        while not self._queue.empty():
            if (result := self._queue.get_nowait()) is not None:
                yield result

    async def _to_its_end(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            self._queue.put_nowait(None)
