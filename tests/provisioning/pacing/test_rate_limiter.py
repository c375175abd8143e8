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


async def test_a_refusal_holds_back_all_requests():
    """For as long as the server asks; those that were waiting already included."""
    time = Time()
    limiter = time.limiter(None)
    await limiter.acquire()
    limiter.refused(7.0)
    await limiter.acquire()
    assert time.now == 7.0


async def test_a_refusal_without_retry_after_holds_back_a_second():
    time = Time()
    limiter = time.limiter(None)
    limiter.refused(None)
    await limiter.acquire()
    assert time.now == 1.0


async def test_the_accepted_rate_is_learnt():
    """Nine tenths of what was accepted per second before the refusal."""
    time = Time()
    limiter = time.limiter(None)
    for _ in range(101):
        limiter.accepted()
        time.now += 0.02
    limiter.refused(1.0)
    assert limiter.current_rate == pytest.approx(45, rel=0.02)
    assert time.limiter(None).current_rate is None


async def test_requests_in_progress_teach_nothing_new():
    """They are refused together with the first one."""
    time = Time()
    limiter = time.limiter(None)
    for _ in range(101):
        limiter.accepted()
        time.now += 0.02
    limiter.refused(1.0)
    for _ in range(10):
        limiter.refused(1.0)
    assert limiter.current_rate == pytest.approx(45, rel=0.02)


async def test_a_late_refusal_does_not_stop_the_run():
    """A response that was on its way for longer than the pause: what was accepted since then says nothing yet."""
    time = Time()
    limiter = time.limiter(None)
    for _ in range(101):
        limiter.accepted()
        time.now += 0.02
    limiter.refused(1.0)
    time.now += 1.001
    limiter.accepted()
    limiter.refused(1.0)
    assert limiter.current_rate == pytest.approx(0.7 * 45, rel=0.02)
    time.now += 3.0
    assert limiter.current_rate > 45


async def test_a_learnt_rate_grows_slowly():
    """The server may accept more by now, but never more than the caller allows."""
    time = Time()
    limiter = time.limiter(50.0)
    for _ in range(101):
        limiter.accepted()
        time.now += 0.05
    limiter.refused(0.0)
    low = limiter.current_rate
    time.now += 10
    assert low * 1.05 < limiter.current_rate < low * 1.2
    time.now += 3600
    assert limiter.current_rate == 50.0
