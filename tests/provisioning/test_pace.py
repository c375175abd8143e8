"""The pace is kept on an injected clock; too many failures open the breaker."""

import math

import pytest

from coggno import ConfigurationError
from coggno.provisioning.pace import CircuitBreaker, RateLimiter


class Time:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, rate):
        return RateLimiter(rate, clock=lambda: self.now, sleep=self.sleep)


async def test_turns_are_spaced_evenly_and_the_first_is_at_once():
    time = Time()
    pace = time.pace(4.0)
    for _ in range(9):
        await pace.turn()
    assert time.now == pytest.approx(2.0)
    assert time.slept == pytest.approx([0.25] * 8)


async def test_time_that_was_not_used_is_no_credit():
    time = Time()
    pace = time.pace(1.0)
    await pace.turn()
    time.now = 100.0
    for _ in range(3):
        await pace.turn()
    assert time.now == 102.0


async def test_requests_without_a_turn_such_as_retries_are_made_up_for():
    time = Time()
    pace = time.pace(10.0)
    for _ in range(10):
        await pace.turn()
        pace.saw_request()
        pace.saw_request()
    assert time.now == pytest.approx(1.8)  # 20 requests, the last pair at 1.8 s


async def test_without_a_rate_nobody_waits():
    pace = Time().pace(None)
    pace.saw_request()
    await pace.turn()


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan])
def test_a_rate_is_a_positive_number(rate):
    with pytest.raises(ConfigurationError, match="rate"):
        RateLimiter(rate)


def test_fifty_failures_are_needed():
    breaker = CircuitBreaker()
    for _ in range(49):
        breaker.note(is_trouble=True)
    assert not breaker.is_open
    breaker.note(is_trouble=True)
    assert breaker.is_open


@pytest.mark.parametrize(("failures", "is_open"), [(80, False), (81, True)])
def test_and_more_than_40_percent_of_the_last_200(failures, is_open):
    breaker = CircuitBreaker()
    for number in range(1000):
        breaker.note(is_trouble=number >= 1000 - failures)
    assert breaker.is_open is is_open
