"""Results come as they are put, all of them, before what went wrong; what nobody took is known."""

import asyncio
from contextlib import aclosing

import pytest

from coggno.provisioning import RowOutcome, RowResult
from coggno.provisioning.execution.result_queue import ResultQueue


def result(line):
    return RowResult(line=line, login=f"u{line}", outcome=RowOutcome.CREATED)


async def test_results_come_before_the_error():
    queue = ResultQueue()

    async def work():
        queue.put(result(1))
        await asyncio.sleep(0)
        queue.put(result(2))
        raise ValueError("broken")

    taken = []
    with pytest.raises(ValueError, match="broken"):
        async for each in queue.put_by(work):
            taken.append(each.line)  # noqa: PERF401 - what came before the error counts
    assert taken == [1, 2]


async def test_leaving_early_ends_the_work():
    queue, has_ended = ResultQueue(), asyncio.Event()

    async def work():
        try:
            for line in (1, 2, 3):
                queue.put(result(line))
            await asyncio.Event().wait()
        finally:
            has_ended.set()
            queue.put(result(4))

    async with aclosing(queue.put_by(work)) as results:
        assert (await anext(results)).line == 1
    assert has_ended.is_set()
    assert [each.line for each in queue.unclaimed()] == [2, 3, 4]
    assert list(queue.unclaimed()) == []
