"""What being ready to retry costs a call that succeeds at once."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from coggno import APIError
from coggno._session.retry import RetryQuota

_CALLS: Final = 5_000
_ROUNDS: Final = 5


async def measure() -> dict[str, float]:
    """Return microseconds per call, net of the call itself."""
    from tenacity import AsyncRetrying, retry, retry_if_exception_type, stop_after_attempt

    async def work() -> int:
        return 1

    quota = RetryQuota()

    async def ours() -> int:
        """As in `Session.__call__`: tenacity is entered when the first attempt has failed, not before."""
        try:
            answer = await work()
        except APIError:
            raise NotImplementedError from None  # not reached: this measures calls that succeed
        quota.refund()
        return answer

    async def tried() -> int:
        try:
            return await work()
        except APIError:
            raise NotImplementedError from None  # not reached: this measures calls that succeed

    async def entered() -> int:
        async for attempt in AsyncRetrying(retry=retry_if_exception_type(APIError), stop=stop_after_attempt(4)):
            with attempt:
                return await work()
        raise AssertionError

    decorated = retry(retry=retry_if_exception_type(APIError), stop=stop_after_attempt(4))(work)
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        "nothing": work, "try/except": tried, "coggno: the same, and a refund to the quota": ours,
        "tenacity, `async for`": entered, "tenacity, decorator": decorated,
    }  # fmt: skip
    best = {way: min([await _time(call) for _ in range(_ROUNDS)]) for way, call in ways.items()}
    return {way: figure - best["nothing"] for way, figure in best.items() if way != "nothing"}


async def _time(call: Callable[[], Awaitable[Any]]) -> float:
    begin = time.process_time()
    for _ in range(_CALLS):
        await call()
    return (time.process_time() - begin) / _CALLS * 1e6
