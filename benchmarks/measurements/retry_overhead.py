"""What the retry logic costs a call that succeeds at the first attempt."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from coggno import APIError
from coggno._session.retry import RetryQuota

_CALLS: Final = 5_000
_ROUNDS: Final = 5


async def measure() -> dict[str, float]:
    """Return microseconds per call by kind of retry logic, without the call itself."""
    from tenacity import AsyncRetrying, retry, retry_if_exception_type, stop_after_attempt

    async def work() -> int:
        return 1

    quota = RetryQuota()

    async def ours() -> int:
        """Call as the session does: tenacity is not used before the first attempt has failed."""
        try:
            result = await work()
        except APIError:
            raise NotImplementedError from None  # not reached: the calls succeed
        quota.refund()
        return result

    async def try_except() -> int:
        try:
            return await work()
        except APIError:
            raise NotImplementedError from None  # not reached: the calls succeed

    async def async_for() -> int:
        async for attempt in AsyncRetrying(retry=retry_if_exception_type(APIError), stop=stop_after_attempt(4)):
            with attempt:
                return await work()
        raise AssertionError

    decorated = retry(retry=retry_if_exception_type(APIError), stop=stop_after_attempt(4))(work)
    variants: dict[str, Callable[[], Awaitable[Any]]] = {
        "no retry": work, "try/except": try_except, "coggno: try/except, and a refund to the retry quota": ours,
        "tenacity, `async for`": async_for, "tenacity, decorator": decorated,
    }  # fmt: skip
    best = {name: min([await _microseconds(call) for _ in range(_ROUNDS)]) for name, call in variants.items()}
    return {name: time - best["no retry"] for name, time in best.items() if name != "no retry"}


async def _microseconds(call: Callable[[], Awaitable[Any]]) -> float:
    begin = time.process_time()
    for _ in range(_CALLS):
        await call()
    return (time.process_time() - begin) / _CALLS * 1e6
