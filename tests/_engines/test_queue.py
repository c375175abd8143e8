"""The queue in front of the connections, alone; what it does for calls stands in test_fairness.py."""

from __future__ import annotations

import asyncio

import pytest

from coggno import APITimeoutError
from coggno._engines.queue import ConnectionQueue


async def test_free_turn_is_taken_at_once():
    turns = ConnectionQueue(2)
    await turns.take(None)
    await turns.take(None)
    with pytest.raises(APITimeoutError, match="within 0.001 s") as caught:
        await turns.take(0.001)
    assert caught.value.outcome == "not_sent"


async def test_cancelled_waiter_is_skipped():
    turns, served = ConnectionQueue(1), []

    async def come(name):
        await turns.take(None)
        served.append(name)

    await turns.take(None)
    tasks = []
    for name in "abc":
        tasks.append(asyncio.create_task(come(name)))
        await asyncio.sleep(0)
    tasks[0].cancel()
    for _ in "bc":
        turns.give_back()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert served == ["b", "c"]


async def test_returning_task_waits_behind_the_others():
    turns, served = ConnectionQueue(1), []
    await turns.take(None)

    async def come():
        await turns.take(None)
        served.append("waiter")

    waiter = asyncio.create_task(come())
    await asyncio.sleep(0)
    turns.give_back()
    again = asyncio.create_task(turns.take(None))
    await asyncio.sleep(0)
    assert served == ["waiter"]
    assert not again.done()
    turns.give_back()
    await asyncio.gather(waiter, again)


async def test_turn_that_comes_with_a_cancellation_goes_to_the_next():
    turns = ConnectionQueue(1)
    await turns.take(None)
    first, second = (asyncio.create_task(turns.take(None)) for _ in range(2))
    await asyncio.sleep(0)
    turns.give_back()
    first.cancel()
    await second
    assert (turns.in_use, turns.waiting) == (1, 0)
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_all_turns_are_free_after_all_was_given_back():
    """Also after waits that ran out or were cancelled."""
    turns = ConnectionQueue(2)
    await turns.take(None)
    await turns.take(None)
    with pytest.raises(APITimeoutError):
        await turns.take(0.001)
    cancelled = asyncio.create_task(turns.take(None))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    turns.give_back()
    turns.give_back()
    assert (turns.in_use, turns.waiting) == (0, 0)
