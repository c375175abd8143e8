"""The decision to try again is a pure function of failure, attempt and what the spec says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno import APIConnectionError, DecodeError, RateLimitError, ServerError, UnprocessableEntityError
from coggno._session.retry import (
    BASE,
    CAP,
    LONGEST_RETRY_AFTER,
    PRICE_TRANSIENT,
    RetryQuota,
    decide,
    is_retryable,
    price,
)

NOT_SENT = APIConnectionError("refused", outcome="not_sent")
LOST = APIConnectionError("reset", outcome="unknown")
BROKEN = ServerError("503", status_code=503, outcome="unknown")
REDIRECT = ServerError("302", status_code=302, outcome="unknown")
REFUSED = UnprocessableEntityError("422", status_code=422)
CUT = DecodeError("cut", complete=False)
WRONG = DecodeError("wrong type")
SLOW_DOWN = RateLimitError("429", status_code=429)


@pytest.mark.parametrize(
    ("failure", "safe", "settle", "never"),
    [
        (NOT_SENT, True, True, True),
        (SLOW_DOWN, True, True, True),
        (REFUSED, False, False, False),
        (LOST, True, True, False),
        (BROKEN, True, True, False),
        (REDIRECT, False, True, False),
        (CUT, True, True, False),
        (WRONG, False, True, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_is_tried_again(failure, safe, settle, never):
    assert [is_retryable(failure, retry) for retry in ("safe", "settle", "never")] == [safe, settle, never]


def highest(low, high):
    return high


def limits(failure, attempt, **changes):
    return decide(failure, attempt, "safe", **{"max_retries": 99, "time_left": None, "uniform": highest, **changes})


@given(st.integers(1, 10_000))
def test_the_pause_is_drawn_from_an_interval_that_doubles_up_to_a_cap(attempt):
    assert limits(LOST, attempt, max_retries=10_000) == min(CAP, BASE * 2 ** min(attempt - 1, 60))
    assert limits(LOST, attempt, max_retries=10_000, uniform=lambda low, _: low) == 0.0


def test_retry_after_comes_first_and_too_long_a_one_ends_the_call():
    asked = RateLimitError("429", status_code=429, retry_after=timedelta(seconds=7))
    assert 7 <= limits(asked, 1, uniform=lambda low, _: low) <= limits(asked, 1) == 7 + BASE
    asked.retry_after = timedelta(seconds=LONGEST_RETRY_AFTER + 1)
    assert limits(asked, 1) is None


def test_attempts_and_deadline_are_bounds():
    assert limits(LOST, 3, max_retries=3) is not None
    assert limits(LOST, 4, max_retries=3) is None
    assert limits(LOST, 1, time_left=BASE) is None
    assert limits(LOST, 1, time_left=BASE + 0.01) == BASE


def test_the_quota_runs_dry_and_recovers_one_success_at_a_time():
    quota = RetryQuota()
    taken = sum(quota.take(price(LOST)) for _ in range(1000))
    assert taken == 500 // PRICE_TRANSIENT
    for _ in range(PRICE_TRANSIENT):
        quota.refund()
    assert quota.take(price(LOST))
    for _ in range(10_000):
        quota.refund()
    assert quota.tokens == quota.capacity


def test_a_throttle_costs_less_than_an_outage():
    assert price(SLOW_DOWN) < price(LOST)
