"""The second phase of a run: its rows, a bounded number at a time, no faster than their results are taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence

from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.groups import GroupCreation
from coggno.provisioning.execution.row_task import RowTask
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.plan import PlannedRow
from coggno.provisioning.worker_pool import for_each


class RowScheduler:
    """Carries out rows and yields their results as they end.

    Args:
        context: what all rows share.
        groups: knows which groups could not be created.
        rows: what to do.
        concurrency: how many rows may be in progress at once.
    """

    def __init__(
        self, context: RunContext, groups: GroupCreation, rows: Sequence[PlannedRow], *, concurrency: int
    ) -> None:
        self._context = context
        self._groups = groups
        self._rows = rows
        self._concurrency = concurrency
        # Taken before a row begins and given back when its result is taken: results cannot pile up.
        self._slots = asyncio.Semaphore(2 * concurrency)
        self._ended: asyncio.Queue[RowResult | None] = asyncio.Queue()

    async def results(self) -> AsyncGenerator[RowResult]:
        """Carry out all rows; yield one result for each."""
        producer = asyncio.create_task(self._produce())
        try:
            while (result := await self._ended.get()) is not None:
                self._slots.release()
                yield result
            await producer  # raises what went wrong in it
        finally:
            producer.cancel()
            await asyncio.gather(producer, return_exceptions=True)

    def unclaimed(self) -> Iterator[RowResult]:
        """Yield the results that nobody has taken, when the iteration was left early."""
        while not self._ended.empty():
            if (result := self._ended.get_nowait()) is not None:
                yield result

    def not_attempted(self) -> Iterator[RowResult]:
        """Yield for every row the result that it has if nothing was done for it."""
        for planned in self._rows:
            yield _not_attempted(planned, self._context.signal.reason or "the run was cancelled")

    async def _produce(self) -> None:
        try:
            await for_each(self._rows, self._row, workers=self._concurrency)
        finally:
            self._ended.put_nowait(None)

    async def _row(self, planned: PlannedRow) -> None:
        await self._slots.acquire()
        stopped = self._context.signal.reason
        obstacle = stopped or self._groups.missing(planned.missing)
        if obstacle is None:
            await self._carry_out(planned)
        else:
            # A row without its group has failed; only the rows after a stop are counted as not attempted.
            self._ended.put_nowait(_not_attempted(planned, obstacle, is_counted=stopped is not None))

    async def _carry_out(self, planned: PlannedRow) -> None:
        assert planned.row.person is not None  # noqa: S101 - only rows with a person are planned
        task = RowTask(self._context, planned, planned.row.person)
        result: RowResult | None = None
        try:
            async with self._context.signal.limited():
                result = await task.run()
                self._context.note(task.error)
        except TimeoutError:
            pass  # `stop` has cut it off
        finally:
            # Whatever ends it, even a cancellation: what is known of the row is reported.
            self._ended.put_nowait(result or task.cut_off())


def _not_attempted(planned: PlannedRow, reason: str, *, is_counted: bool = True) -> RowResult:
    user_id = planned.user.id if planned.user else None
    return planned.row.result(RowOutcome.FAILED, f"not attempted: {reason}", user_id=user_id, not_attempted=is_counted)
