"""Whether to try again, and when: decided here, without I/O and without sleeping.

The pauses are tenacity's: by default `wait_random_exponential(multiplier=0.5, max=8)`, which draws the pause before
retry n (counted from 1) from `[0, min(8, 0.5 * 2 ** (n - 1))]` seconds ("full jitter", AWS Architecture Blog 2015). A
`Retry-After` of the server comes first, plus the first pause of the backoff, so that clients do not come back together.

Every retry is paid for from a quota that all copies of a client share. The prices are those of botocore's standard
mode, and so is the refund: a retry that succeeds gets back what it has cost, another success returns 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from attrs import define

from coggno._protocol.operation import Retry
from coggno.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    ConfigurationError,
    DecodeError,
    RateLimitError,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

Backoff: TypeAlias = "Callable[[RetryCallState], float]"
"""Returns the pause before the next attempt, in seconds: one of tenacity's wait strategies, or a function like them."""

BASE: Final = 0.5  # seconds
CAP: Final = 8.0  # seconds
LONGEST_RETRY_AFTER: Final = 120.0  # seconds; a caller who is asked to wait longer gets the error and decides

QUOTA: Final = 500
COST_TRANSIENT: Final = 14
COST_THROTTLED: Final = 5
REFUND: Final = 1


@define
class RetryQuota:
    """A bucket of tokens, so that an outage is not met with a storm of retries."""

    capacity: int = QUOTA
    tokens: int = QUOTA

    def take(self, cost: int) -> bool:
        """Take `cost` tokens if they are there."""
        if cost > self.tokens:
            return False
        self.tokens -= cost
        return True

    def refund(self, paid: int = 0) -> None:
        """A call has succeeded: give back what its last retry has cost, or a little where there was none."""
        # Without giving back the cost, a steady one per cent of faults empties the bucket of a healthy client.
        self.tokens = min(self.capacity, self.tokens + (paid or REFUND))


def cost(failure: APIError) -> int:
    """Return what a retry after `failure` takes from the quota, in tokens."""
    return COST_THROTTLED if isinstance(failure, RateLimitError) else COST_TRANSIENT


def is_retryable(failure: APIError, retry: Retry, *, in_doubt: bool = False) -> bool:
    """Return whether the call may go on after `failure`.

    A request that was not sent is always tried again, and a rejected one never, except after 429. With an unknown
    outcome a read is repeated, and a write is checked first.

    Args:
        failure: how the last attempt ended.
        retry: what the spec says of the operation.
        in_doubt: whether an attempt so far may have been carried out unseen: then even a refusal is checked, because
            our own earlier attempt may be its reason.
    """
    if not failure.retryable:
        return False
    if in_doubt:
        return retry == "settle"
    if failure.outcome == "not_sent":
        return True
    if failure.outcome == "rejected":
        return isinstance(failure, RateLimitError)
    return retry == "safe" and _is_transient(failure)


def _is_transient(failure: APIError) -> bool:
    """A truncated response may be complete the next time; one of the wrong shape, or a redirect, will not change."""
    if isinstance(failure, DecodeError):
        return not failure.complete
    if isinstance(failure, APIStatusError):
        return failure.status_code >= 500 or failure.status_code in {408, 425}
    return isinstance(failure, APIConnectionError)


def pause(failure: APIError, failures: int, backoff: Backoff, elapsed: float = 0.0) -> float | None:
    """Return the pause before the next attempt, in seconds, or `None` if the server asks for too long a one."""
    asked = failure.retry_after if isinstance(failure, APIStatusError) else None
    if asked is None:
        return _seconds(backoff, failure, failures, elapsed)
    seconds = asked.total_seconds()
    if seconds > LONGEST_RETRY_AFTER:
        return None
    return seconds + _seconds(backoff, failure, 1, elapsed)


def _seconds(backoff: Backoff, failure: APIError, failures: int, elapsed: float) -> float:
    try:
        seconds = float(backoff(_state(failure, failures, elapsed)))
    except Exception as error:
        raise ConfigurationError(f"backoff must return a number of seconds: {type(error).__name__}") from error
    if not math.isfinite(seconds):
        raise ConfigurationError(f"backoff must return a finite number of seconds, not {seconds}")
    return max(0.0, seconds)


def decide(
    failure: APIError,
    failures: int,
    retry: Retry,
    *,
    in_doubt: bool = False,
    max_retries: int,
    time_left: float | None,
    backoff: Backoff,
    elapsed: float = 0.0,
) -> float | None:
    """Return the pause before the next step of a call, in seconds, or `None` to stop.

    Args:
        failure: how the last attempt ended.
        failures: how many attempts and checks have failed so far, from 1 on.
        retry: what the spec says of the operation.
        in_doubt: whether an attempt so far may have been carried out unseen.
        max_retries: how many steps may follow the first.
        time_left: seconds until the deadline of the call; `None` for no deadline.
        backoff: the wait strategy.
        elapsed: seconds since the call began.
    """
    if failures > max_retries or not is_retryable(failure, retry, in_doubt=in_doubt):
        return None
    seconds = pause(failure, failures, backoff, elapsed)
    if seconds is None or (time_left is not None and seconds >= time_left):
        return None
    return seconds


@cache
def default_backoff() -> Backoff:
    """Return full jitter from 0.5 s, doubling up to 8 s."""
    from tenacity import wait_random_exponential  # imported with the first failure: it takes 27 ms

    return wait_random_exponential(multiplier=BASE, max=CAP)


def _state(failure: APIError, failures: int, elapsed: float) -> RetryCallState:
    """Return what tenacity's strategies read: the number of attempts, how the last one ended, and the time so far."""
    from tenacity import RetryCallState

    state = RetryCallState(cast("Any", None), None, (), {})
    state.attempt_number = failures
    state.start_time -= elapsed
    state.set_exception((type(failure), failure, failure.__traceback__))
    return state
