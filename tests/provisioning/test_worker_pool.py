"""A fixed number of workers shares the work; the first failure ends it, and no task stays behind."""

import asyncio

import pytest

from coggno.provisioning.worker_pool import for_each


async def test_items_are_worked_on_in_order():
    """So many at a time, and taken when a worker is free."""
    pulled, begun, at_once, most = [], [], 0, 0

    def items():
        for number in range(20):
            pulled.append(number)
            yield number

    async def work(item):
        nonlocal at_once, most
        begun.append(item)
        at_once += 1
        most = max(most, at_once)
        assert len(pulled) <= len(begun) + 3
        await asyncio.sleep(0)
        at_once -= 1

    await for_each(items(), work, workers=3)
    assert (begun, most) == (list(range(20)), 3)


async def test_the_first_failure_is_raised():
    """The other workers have ended by then."""
    before, ended = asyncio.all_tasks(), []

    async def work(item):
        try:
            await asyncio.sleep(0 if item == 1 else 60)
        finally:
            ended.append(item)
        raise KeyError(item)

    with pytest.raises(KeyError, match="1"):
        await for_each(range(10), work, workers=3)
    assert sorted(ended) == [0, 1, 2]
    assert asyncio.all_tasks() == before


async def test_a_cancellation_ends_the_workers():
    before = asyncio.all_tasks()
    task = asyncio.create_task(for_each(range(10), lambda _: asyncio.sleep(60), workers=3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
