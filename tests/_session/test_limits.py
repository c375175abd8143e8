"""Time limits of attempts that share a timer."""

import asyncio

import pytest

from coggno import APITimeoutError
from coggno._engines.base import EngineRequest
from coggno._session.limits import TimeLimit, TimeLimits
from tests._engines.virtual_time import VirtualTimeLoop


def run(main):
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


async def attempt(limits, seconds, takes):
    """Return when an attempt ended, and whether it was in time."""
    request = EngineRequest(method="GET", target="/", headers={}, content=b"")
    try:
        with TimeLimit(limits, seconds, request):
            await asyncio.sleep(takes)
    except APITimeoutError:
        return asyncio.get_running_loop().time(), False
    return asyncio.get_running_loop().time(), True


@pytest.mark.parametrize("order", [[1, 2, 3], [3, 2, 1], [2, 3, 1]])
def test_each_attempt_has_its_own_time(order):
    limits = TimeLimits()

    async def main():
        return await asyncio.gather(*(attempt(limits, seconds, 60) for seconds in order))

    assert run(main()) == [(pytest.approx(seconds, abs=0.01), False) for seconds in order]


def test_a_timer_that_is_left_over_ends_no_later_attempt():
    """The timer of an attempt that has ended stays set, and runs out during another."""
    limits = TimeLimits()

    async def main():
        assert await attempt(limits, 10, takes=1) == (pytest.approx(1, abs=0.01), True)
        assert await attempt(limits, 30, takes=20) == (pytest.approx(21, abs=0.01), True)
        return await attempt(limits, 30, takes=60)

    assert run(main()) == (pytest.approx(51, abs=0.01), False)


def test_no_limit_waits_on():
    async def main():
        return await asyncio.gather(attempt(limits := TimeLimits(), None, 1000), attempt(limits, 1, 1000))

    assert [in_time for _, in_time in run(main())] == [True, False]


def test_limits_work_in_a_second_event_loop():
    limits = TimeLimits()

    async def interrupted():
        with TimeLimit(limits, 10, EngineRequest(method="GET", target="/", headers={}, content=b"")):
            raise RuntimeError("the program ends")

    with pytest.raises(RuntimeError, match="the program ends"):
        run(interrupted())
    for _ in range(2):
        assert run(attempt(limits, 10, 60)) == (pytest.approx(10, abs=0.01), False)


def test_a_second_loop_at_the_same_time_leaves_the_first_its_limits():
    """The engine refuses its calls, but the attempts of the first loop go on."""
    limits = TimeLimits()

    async def main():
        first = asyncio.create_task(attempt(limits, 10, 60))
        await asyncio.sleep(0)
        await asyncio.to_thread(run, attempt(limits, 1, 0))
        return await first

    _, in_time = run(main())
    assert not in_time


def test_cancellation_by_the_caller_stays_one():
    async def main():
        task = asyncio.create_task(attempt(TimeLimits(), 10, 60))
        await asyncio.sleep(1)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        run(main())
