"""The decision to try again is a pure function of failure, attempt and what the spec says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import wait_exponential, wait_fixed, wait_none

from coggno import APIConnectionError, DecodeError, RateLimitError, ServerError, UnprocessableEntityError
from coggno._session.retry import (
    BASE,
    CAP,
    COST_TRANSIENT,
    LONGEST_RETRY_AFTER,
    RetryQuota,
    cost,
    decide,
    default_backoff,
    is_retryable,
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
        (LOST, True, False, False),
        (BROKEN, True, False, False),
        (REDIRECT, False, False, False),
        (CUT, True, False, False),
        (WRONG, False, False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_is_retryable(failure, safe, settle, never):
    assert [is_retryable(failure, retry) for retry in ("safe", "settle", "never")] == [safe, settle, never]


@pytest.mark.parametrize("failure", [NOT_SENT, SLOW_DOWN, REFUSED, LOST, BROKEN, REDIRECT, CUT, WRONG])
def test_a_write_in_doubt_goes_on_if_it_can_be_checked(failure):
    assert is_retryable(failure, "settle", in_doubt=True)
    assert not is_retryable(failure, "never", in_doubt=True)


def test_what_cannot_change_is_not_tried_again():
    """A refused certificate stays refused."""
    failure = APIConnectionError("certificate", outcome="not_sent")
    failure.retryable = False
    assert not is_retryable(failure, "safe")


HIGHEST = wait_exponential(multiplier=BASE, max=CAP)


def limits(failure, failures, **changes):
    return decide(failure, failures, "safe", **{"max_retries": 99, "time_left": None, "backoff": HIGHEST, **changes})


@given(st.integers(1, 1000))
def test_default_backoff_stays_below_a_doubling_cap(failures):
    seconds = limits(LOST, failures, max_retries=10_000, backoff=default_backoff())
    assert 0 <= seconds <= min(CAP, BASE * 2 ** min(failures - 1, 60))
    assert limits(LOST, failures, max_retries=10_000) == min(CAP, BASE * 2 ** min(failures - 1, 60))


def test_retry_after_comes_before_the_backoff():
    asked = RateLimitError("429", status_code=429, retry_after=timedelta(seconds=7))
    assert limits(asked, 5, backoff=wait_none()) == 7
    assert limits(asked, 5) == 7 + BASE
    asked.retry_after = timedelta(seconds=LONGEST_RETRY_AFTER + 1)
    assert limits(asked, 1) is None


def test_attempts_and_deadline_are_bounds():
    assert limits(LOST, 3, max_retries=3) is not None
    assert limits(LOST, 4, max_retries=3) is None
    assert limits(LOST, 1, time_left=BASE) is None
    assert limits(LOST, 1, time_left=BASE + 0.01) == BASE


def test_any_tenacity_wait_is_a_backoff():
    assert limits(LOST, 1, backoff=wait_fixed(3)) == 3
    assert limits(LOST, 2, backoff=lambda state: state.attempt_number * 10.0) == 20
    assert limits(LOST, 1, backoff=lambda state: 1.5 if state.outcome.exception() is LOST else 0) == 1.5


def test_a_backoff_sees_how_long_the_call_has_taken():
    assert limits(LOST, 1, elapsed=40.0, backoff=lambda state: state.seconds_since_start) == pytest.approx(40, abs=1)


def test_the_quota_runs_dry_and_recovers():
    quota = RetryQuota()
    taken = sum(quota.take(cost(LOST)) for _ in range(1000))
    assert taken == 500 // COST_TRANSIENT
    for _ in range(COST_TRANSIENT):
        quota.refund()
    assert quota.take(cost(LOST))
    for _ in range(10_000):
        quota.refund()
    assert quota.tokens == quota.capacity


def test_a_retry_that_succeeds_gets_its_cost_back():
    quota = RetryQuota()
    assert quota.take(COST_TRANSIENT)
    quota.refund(COST_TRANSIENT)
    assert quota.tokens == quota.capacity


def test_a_throttle_costs_less_than_an_outage():
    assert cost(SLOW_DOWN) < cost(LOST)
