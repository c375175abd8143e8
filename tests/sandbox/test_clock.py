"""Time, real and moved by hand."""

import asyncio
import time

from coggno.sandbox import ManualClock, RealClock


async def test_the_real_clock_is_the_machines():
    clock = RealClock()
    assert abs(clock.now() - time.monotonic()) < 1
    await clock.sleep(0)


async def test_manual_clock_stands_still():
    clock = ManualClock(5)
    assert clock.now() == 5
    clock.advance(2.5)
    assert clock.now() == 7.5


async def test_sleepers_that_start_together_wake_together():
    clock = ManualClock()
    await asyncio.gather(clock.sleep(3), clock.sleep(1), clock.sleep(3))
    assert clock.now() == 3
