"""The second phase of a run: its rows, a bounded number at a time, no faster than their results are taken."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.feed import RowFeed
from coggno.provisioning.execution.groups import GroupCreation
from coggno.provisioning.execution.result_queue import ResultQueue
from coggno.provisioning.execution.row_queue import RowQueue
from coggno.provisioning.execution.rows import RowTask
from coggno.provisioning.execution.rows.restoring import restore
from coggno.provisioning.execution.rows.state import RowState
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning import PlannedRow
from coggno.provisioning.planning.earlier import EarlierWrites
from coggno.provisioning.worker_pool import for_each

_WAITING: Final = 16  # rows for each worker that may wait to be tried again; one in ten waits at a tenth of failures


class RowScheduler:
    """Carries out rows and yields their results as they end.

    Args:
        context: what all rows share.
        groups: knows which groups could not be created.
        feed: reads what is to be done.
        concurrency: how many rows may be in progress at once.
    """

    def __init__(self, context: RunContext, groups: GroupCreation, feed: RowFeed, *, concurrency: int) -> None:
        self._context = context
        self._groups = groups
        self._concurrency = concurrency
        # Twice as many as workers: while some results wait for the consumer, work goes on.
        self._queue = RowQueue(
            self._tasks(feed),
            capacity=2 * concurrency,
            most_waiting=_WAITING * concurrency,
            clock=context.clock,
            sleep=context.sleep,
        )
        groups.on_change = self._queue.unpark
        self._ended = ResultQueue()

    async def results(self) -> AsyncGenerator[RowResult]:
        """Carry out all rows; yield one result for each."""
        with self._context.signal.listening(self._queue.hurry):
            async with aclosing(self._ended.put_by(self._work_through)) as results:
                async for result in results:
                    self._queue.taken()
                    yield result

    def unclaimed(self) -> Iterator[RowResult]:
        """Yield what is known of rows whose results nobody has taken, when the iteration was left early."""
        yield from self._ended.unclaimed()
        for task in self._queue.unfinished():
            yield task.cut_off()

    async def _tasks(self, feed: RowFeed) -> AsyncGenerator[list[RowTask]]:
        async for planned in feed.planned():
            yield [_task(self._context, each, feed.earlier_writes) for each in planned]

    async def _work_through(self) -> None:
        await for_each(range(self._concurrency), self._work, workers=self._concurrency)

    async def _work(self, _: int) -> None:
        while (task := await self._queue.get()) is not None:
            planned = task.state.planned
            obstacle = self._groups.obstacle(planned.company, planned.missing)
            if self._context.signal.reason is not None:
                self._end(planned, task.cut_off())
            elif obstacle is not None:
                # A row without its group has failed; only the rows after a stop are counted as not attempted.
                self._end(planned, planned.row.result(RowOutcome.FAILED, f"not attempted: {obstacle}"))
            elif self._groups.is_awaited(planned.company, planned.missing):
                self._queue.park(task)
            else:
                await self._carry_out(task)

    async def _carry_out(self, task: RowTask) -> None:
        result: RowResult | None = None
        is_to_be_tried_again = False
        try:
            async with self._context.signal.limited():
                result = await task.run()
                is_to_be_tried_again = result is None
                if is_to_be_tried_again:
                    self._context.gate.check_patience(task.state.error)
        except TimeoutError:
            pass  # `stop` has cut it off
        finally:
            # Whatever ends it, even a cancellation: what is known of the row is reported.
            if is_to_be_tried_again:
                self._queue.put_back(task, pause=task.pause)
            elif result is not None and self._may_arrive_late(task, result):
                task.reopen()
                self._queue.set_aside(task)
            else:
                self._end(task.state.planned, result or task.cut_off())
                if result is not None and not task.has_given_up:
                    self._context.gate.circuit.progressed()

    def _may_arrive_late(self, task: RowTask, result: RowResult) -> bool:
        """Return whether a row that has been given up is worth a last check when all others are done."""
        is_open = result.outcome is RowOutcome.UNKNOWN and task.has_given_up and not task.was_reopened
        return is_open and self._context.signal.reason is None

    def _end(self, planned: PlannedRow, result: RowResult) -> None:
        self._context.records.row(planned, result)
        self._ended.put(result)
        self._queue.ended()


def _task(context: RunContext, planned: PlannedRow, writes: EarlierWrites) -> RowTask:
    assert planned.row.person is not None  # noqa: S101 - only rows with a person are planned
    state = RowState(planned, planned.row.person, planned.user_id)
    restore(context, state, writes)
    return RowTask(context, state)
