"""The rate limiter keeps its rate, on a clock that the test moves."""

import pytest

from coggno.provisioning.pacing import RateLimiter


class Time:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def limiter(self, rate):
        return RateLimiter(rate, clock=lambda: self.now, sleep=self.sleep)


async def test_requests_are_spaced_evenly():
    """The first request is sent at once, the others one interval apart."""
    time = Time()
    limiter = time.limiter(4.0)
    for _ in range(9):
        await limiter.acquire()
    assert time.now == pytest.approx(2.0)
    assert time.slept == pytest.approx([0.25] * 8)


async def test_unused_time_is_no_credit():
    time = Time()
    limiter = time.limiter(1.0)
    await limiter.acquire()
    time.now = 100.0
    for _ in range(3):
        await limiter.acquire()
    assert time.now == 102.0


async def test_a_call_of_two_requests_takes_twice_the_time():
    time = Time()
    limiter = time.limiter(1.0)
    for _ in range(3):
        await limiter.acquire(2)
    assert time.now == 4.0


async def test_charged_requests_delay_the_next_ones():
    """Retries are sent without `acquire` and counted afterwards."""
    time = Time()
    limiter = time.limiter(10.0)
    for _ in range(10):
        await limiter.acquire()
        limiter.charge(1)
    assert time.now == pytest.approx(1.8)  # 20 requests, the last pair at 1.8 s


async def test_nobody_waits_without_a_rate():
    limiter = Time().limiter(None)
    limiter.charge(1)
    await limiter.acquire()
