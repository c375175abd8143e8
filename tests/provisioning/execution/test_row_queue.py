"""Rows are handed out in order, again when they are due, and no more of them than may be open."""

import asyncio

from coggno.provisioning.execution.row_queue import RowQueue
from coggno.sandbox import ManualClock


async def windows(rows):
    """Two rows at a time."""
    for start in range(0, len(rows), 2):
        yield rows[start : start + 2]


def queue(rows, capacity=10, most_waiting=10):
    clock = ManualClock()
    made = RowQueue(windows(rows), capacity=capacity, most_waiting=most_waiting, clock=clock.now, sleep=clock.sleep)
    return made, clock


async def test_rows_come_in_order_and_then_none():
    rows, _ = queue("abc")
    got = []
    while (row := await rows.get()) is not None:
        got.append(row)
        rows.ended()
    assert got == ["a", "b", "c"]


async def test_a_row_that_is_due_comes_first():
    rows, clock = queue("abc")
    await rows.get()
    rows.put_back("a", pause=5)
    assert await rows.get() == "b"
    clock.advance(5)
    assert await rows.get() == "a"


async def test_a_pause_is_waited_for():
    rows, clock = queue("a")
    await rows.get()
    rows.put_back("a", pause=7)
    assert await rows.get() == "a"
    assert clock.now() == 7


async def test_no_more_rows_are_open_than_allowed():
    """Results that nobody takes hold the run back."""
    rows, _ = queue("abcd", capacity=2)
    await rows.get()
    await rows.get()
    rows.ended()
    waiting = asyncio.create_task(rows.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    rows.taken()
    assert await waiting == "c"


async def test_rows_that_wait_hold_nothing_back():
    """Under steady failures many rows wait for a second: the workers go on with fresh ones."""
    rows, _ = queue("abcd", capacity=1)
    for row in "abcd":
        assert await rows.get() == row
        rows.put_back(row, pause=5)
    assert await rows.get() == "a"


async def test_too_many_waiting_rows_hold_fresh_ones_back():
    """In an outage more rows would only be left in doubt."""
    rows, clock = queue("abcd", most_waiting=2)
    for row in "ab":
        assert await rows.get() == row
        rows.put_back(row, pause=5)
    assert await rows.get() == "a"
    assert clock.now() == 5


async def test_workers_end_when_the_last_row_has_ended():
    """A row in progress may come back, so that they wait for it."""
    rows, _ = queue("a")
    await rows.get()
    waiting = asyncio.create_task(rows.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    rows.ended()
    assert await waiting is None


async def test_nothing_waits_when_the_run_stops():
    rows, clock = queue("a")
    await rows.get()
    rows.put_back("a", pause=1000)
    assert list(rows.unfinished()) == ["a"]
    rows.hurry()
    assert await rows.get() == "a"
    assert clock.now() == 0


async def test_rows_set_aside_come_last():
    """When all others have ended, those that wait included."""
    rows, _ = queue("abc")
    rows.set_aside(await rows.get())
    rows.put_back(await rows.get(), pause=3)
    assert await rows.get() == "c"
    rows.ended()
    assert await rows.get() == "b"
    rows.ended()
    assert await rows.get() == "a"
    rows.ended()
    assert await rows.get() is None


async def test_a_window_is_read_when_the_last_is_used():
    """No earlier: what reads it makes passwords, and its rows take memory."""
    read = []

    async def counted():
        async for window in windows("abcdef"):
            read.append(window)
            yield window

    clock = ManualClock()
    rows = RowQueue(counted(), capacity=10, most_waiting=10, clock=clock.now, sleep=clock.sleep)
    await rows.get()
    await rows.get()
    assert read == ["ab"]
    await rows.get()
    assert read == ["ab", "cd"]


async def test_parked_rows_wait_for_what_they_need():
    """They take no time, and workers do not end before them."""
    rows, clock = queue("ab")
    rows.park(await rows.get())
    assert await rows.get() == "b"
    rows.ended()
    waiting = asyncio.ensure_future(rows.get())
    await asyncio.sleep(0)
    assert (waiting.done(), clock.now()) == (False, 0)
    rows.unpark()
    assert await waiting == "a"
