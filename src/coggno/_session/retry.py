"""Whether to try again, and when: decided here, without I/O and without sleeping.

The pause before retry n (counted from 1) is drawn from `[0, min(CAP, BASE * 2 ** (n - 1))]` ("full jitter", AWS
Architecture Blog 2015). A `Retry-After` of the server comes first, plus up to `BASE` seconds so that clients do not
come back together. Every retry is paid for from a quota that all copies of a client share; the prices are those of
botocore's standard mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define

from coggno._protocol.operation import Retry
from coggno.errors import APIConnectionError, APIError, APIStatusError, DecodeError, RateLimitError

BASE: Final = 0.5  # seconds
CAP: Final = 8.0  # seconds
LONGEST_RETRY_AFTER: Final = 120.0  # seconds; who is asked to wait longer gets the error and decides

QUOTA: Final = 500
PRICE_TRANSIENT: Final = 14
PRICE_THROTTLED: Final = 5
REFUND: Final = 1


@define
class RetryQuota:
    """A bucket of tokens, so that an outage is not answered with a storm of retries."""

    capacity: int = QUOTA
    tokens: int = QUOTA

    def take(self, price: int) -> bool:
        """Take `price` tokens if they are there."""
        if price > self.tokens:
            return False
        self.tokens -= price
        return True

    def refund(self) -> None:
        """A call has succeeded: give a little back."""
        self.tokens = min(self.capacity, self.tokens + REFUND)


def price(failure: APIError) -> int:
    """Return what a retry after `failure` takes from the quota, in tokens."""
    return PRICE_THROTTLED if isinstance(failure, RateLimitError) else PRICE_TRANSIENT


def is_retryable(failure: APIError, retry: Retry) -> bool:
    """Return whether another attempt makes sense, `retry` being what the spec says of the operation.

    A request that was not sent is always tried again, and a rejected one never, except after 429. Of a request with an
    unknown outcome a read is repeated and a write is settled first.
    """
    if failure.outcome == "not_sent":
        return True
    if failure.outcome == "rejected":
        return isinstance(failure, RateLimitError)
    if retry == "safe":
        return _is_transient(failure)
    return retry == "settle"


def _is_transient(failure: APIError) -> bool:
    """A cut answer may come whole the next time; one of the wrong shape, or a redirect, will not change."""
    if isinstance(failure, DecodeError):
        return not failure.complete
    if isinstance(failure, APIStatusError):
        return failure.status_code >= 500
    return isinstance(failure, APIConnectionError)


def delay(failure: APIError, attempt: int, uniform: Callable[[float, float], float]) -> float | None:
    """Return the pause before the next attempt, in seconds, or `None` if the server asks for too long a one.

    Args:
        failure: how the last attempt ended.
        attempt: how many attempts there were, from 1 on.
        uniform: draws a number from an interval, as `random.uniform`.
    """
    asked = failure.retry_after if isinstance(failure, APIStatusError) else None
    if asked is None:
        return uniform(0.0, min(CAP, BASE * 2.0 ** min(attempt - 1, 30)))
    seconds = asked.total_seconds()
    return None if seconds > LONGEST_RETRY_AFTER else seconds + uniform(0.0, BASE)


def decide(
    failure: APIError,
    attempt: int,
    retry: Retry,
    *,
    max_retries: int,
    time_left: float | None,
    uniform: Callable[[float, float], float],
) -> float | None:
    """Return the pause before the next attempt, in seconds, or `None` to stop.

    Args:
        failure: how the last attempt ended.
        attempt: how many attempts there were, from 1 on.
        retry: what the spec says of the operation.
        max_retries: how many attempts may follow the first.
        time_left: seconds until the deadline of the call; `None` for no deadline.
        uniform: draws a number from an interval, as `random.uniform`.
    """
    if attempt > max_retries or not is_retryable(failure, retry):
        return None
    pause = delay(failure, attempt, uniform)
    if pause is None or (time_left is not None and pause >= time_left):
        return None
    return pause
