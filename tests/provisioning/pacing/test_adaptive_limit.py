"""The limit rises while the server keeps up, falls when it does not, and hands out no more slots than it allows."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from coggno.provisioning.pacing import AdaptiveLimit


class Time:
    now = 0.0


@asynccontextmanager
async def slot(limit):
    await limit.acquire()
    try:
        yield
    finally:
        limit.release()


@pytest.fixture
def made():
    time = Time()
    return AdaptiveLimit(16, clock=lambda: time.now), time


def test_it_begins_low_and_never_exceeds_its_maximum(made):
    found, _ = made
    assert found.level == 4
    assert AdaptiveLimit(2).level == 2
    found.in_use = 16
    for _ in range(1000):
        found.succeeded(0.1)
    assert found.level == 16


def test_an_unused_level_does_not_rise(made):
    """What is not used says nothing about what the server can take."""
    found, _ = made
    found.in_use = 1
    found.succeeded(0.1)
    assert found.level == 4


def test_overload_reduces_it_once_a_second(made):
    found, time = made
    for _ in range(5):
        found.overloaded()
    assert found.level == pytest.approx(2.8)
    time.now = 1.0
    found.overloaded()
    assert found.level == pytest.approx(1.96)
    for second in range(2, 20):
        time.now = second
        found.overloaded()
    assert found.level == 1.0


def test_a_slow_response_counts_as_overload(made):
    found, _ = made
    found.in_use = 4
    found.succeeded(2.5)
    assert found.level == pytest.approx(2.8)


async def test_no_more_slots_than_the_level_are_in_use():
    found, most = AdaptiveLimit(3), 0

    async def work():
        nonlocal most
        async with slot(found):
            most = max(most, found.in_use)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(30):
            tasks.create_task(work())
    assert (most, found.in_use) == (3, 0)


async def test_a_cancelled_waiter_loses_no_slot():
    """Whether it is cancelled while it waits or just after it was woken, the next one gets the slot."""
    found = AdaptiveLimit(1)
    async with slot(found):
        waiters = [asyncio.create_task(hold(found)) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[0].cancel()
    waiters[1].cancel()  # woken by now
    async with asyncio.timeout(1):
        await asyncio.gather(*waiters, return_exceptions=True)
    assert waiters[2].result() == "held"
    assert found.in_use == 0


async def hold(found):
    async with slot(found):
        return "held"


async def test_slots_are_given_in_order():
    """Who returns a slot and wants it again at once waits behind the others."""
    limit, order = AdaptiveLimit(1, clock=lambda: 0.0), []

    async def work(name):
        for _ in range(3):
            async with slot(limit):
                order.append(name)
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))
    assert order == ["a", "b", "a", "b", "a", "b"]


async def test_a_cancelled_waiter_passes_its_slot_on():
    limit = AdaptiveLimit(1, clock=lambda: 0.0)
    async with slot(limit):
        first, second = (asyncio.create_task(limit.acquire()) for _ in range(2))
        await asyncio.sleep(0)
    first.cancel()  # the slot is its own already
    await second
    assert limit.in_use == 1
