"""What follows a failed attempt: a pause and another one, or a look whether the write happened."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from attrs import evolve
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from coggno._protocol import decode as _answer
from coggno._session import retry as _retry
from coggno._session import settle as _settle
from coggno._session.call import Call
from coggno._session.context import Context
from coggno.errors import APIError, NotFoundError, OutcomeUnknownError, UnprocessableEntityError

T = TypeVar("T")
R = TypeVar("R")
GRACE: Final = 5.0  # seconds beyond the deadline to find out what became of a write

logger: Final = logging.getLogger("coggno")


class _SettledError(Exception):
    """Looking has ended the call; not an `APIError`, so tenacity lets it through."""

    def __init__(self, look: _settle.Look) -> None:
        super().__init__()
        self.look = look


async def recover(call: Call[T], first: APIError) -> T:
    """Go on after a first attempt that failed: repeat what is safe to repeat, and settle a write in doubt.

    Args:
        call: the call, after its first attempt.
        first: how that one failed.

    Raises:
        APIError: the last failure; `OutcomeUnknownError` where nobody knows whether the write happened.
    """
    try:
        return await repeat(call, first, lambda: _again(call))
    except _SettledError as settled:
        look: _settle.Look | None = settled.look
    except APIError:
        if not call.in_doubt:
            raise
        look = await _last_look(call)
    try:
        return _conclude(call, look)
    except APIError as error:
        error.attempts, error.waits = call.attempts, tuple(call.waits)
        raise


async def repeat(call: Call[Any], first: APIError, again: Callable[[], Awaitable[R]]) -> R:
    """Call `again` after a pause, as often as it fails and may be repeated.

    Only here is tenacity entered: a call that succeeds does not pay for it.

    Raises:
        APIError: the last failure.
    """
    pacing = _Pacing(call)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(APIError),
        wait=pacing.wait,
        stop=pacing.stop,
        sleep=call.context.sleep,
        reraise=True,
    )
    try:
        async for attempt in retrying:
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise first
                return await again()
    except APIError as last:
        last.waits = tuple(call.waits)
        raise
    raise AssertionError  # pragma: no cover - tenacity returns or raises


async def _again(call: Call[T]) -> T:
    """Try once more; a write in doubt is looked for first, and sent only when it is not there.

    Raises:
        _SettledError: looking has ended the call.
    """
    if call.in_doubt:
        look = await _look(call)
        if look.finding != "resend":
            raise _SettledError(look)
    return await call.attempt()


async def _look(call: Call[Any]) -> _settle.Look:
    """Ask the server whether the write happened.

    Raises:
        APIError: the read failed, so nothing was learnt.
    """
    settle = call.operation.settle
    if settle is None:
        return _settle.Look("unknown")
    read = _settle.question(settle, call.request)
    try:
        answer = await Call(_with_grace(call), read, call.context.prepare(read)).attempt()
    except NotFoundError as missing:
        if isinstance(missing.body, str) and _answer.looks_like_html(missing.body.encode()):
            raise  # a proxy's page says nothing about the thing
        return _settle.judge_absent(settle)
    return _settle.judge(settle, call.request, answer)


def _with_grace(call: Call[Any]) -> Context:
    """Return the call's context for a look at what it did: what is left of its time, or `GRACE` if that is more."""
    left = call.time_left()
    if left is None:
        return call.context
    return evolve(call.context, config=evolve(call.context.config, deadline=max(left, GRACE)))


async def _last_look(call: Call[Any]) -> _settle.Look | None:
    """The attempts are used up and the write is in doubt: look one last time; `None` if that fails."""
    try:
        return await _look(call)
    except APIError:
        return None


def _conclude(call: Call[T], look: _settle.Look | None) -> T:
    """Return what a settled write answers, or raise what is known of it; `None`: looking failed."""
    cause, operation = call.failure, call.operation.id
    if look is not None and look.finding == "done":
        logger.info("%s: its answer was lost, and looking shows that it happened", operation)
        return cast("T", look.answer)
    if look is not None and look.finding == "taken":
        raise UnprocessableEntityError(
            "the answer was lost; looking shows that the key belongs to somebody with other names",
            status_code=422,
            operation=operation,
        ) from cause
    if look is not None and look.finding == "resend" and cause is not None and cause.outcome == "rejected":
        raise cause
    candidates = look.candidates if look else ()
    raise OutcomeUnknownError(_settle.describe(look), operation=operation, candidates=candidates) from cause


class _Pacing:
    """Carries `_retry.decide` to tenacity, which asks for the wait before it asks whether to stop."""

    def __init__(self, call: Call[Any]) -> None:
        self._call = call
        self._pause: float | None = None

    def wait(self, state: RetryCallState) -> float:
        failure = _failure(state)
        self._pause = _retry.decide(
            failure,
            state.attempt_number,
            self._call.operation.retry,
            max_retries=self._call.context.config.max_retries,
            time_left=self._call.time_left(),
            uniform=self._call.context.uniform,
        )
        return self._pause or 0.0

    def stop(self, state: RetryCallState) -> bool:
        failure = _failure(state)
        if self._pause is None or not self._call.context.quota.take(_retry.price(failure)):
            return True
        self._call.waits.append(self._pause)
        logger.info(
            "%s failed (%s, %s), next attempt in %.2f s",
            self._call.operation.id,
            type(failure).__name__,
            failure.outcome,
            self._pause,
        )
        return False


def _failure(state: RetryCallState) -> APIError:
    assert state.outcome is not None  # noqa: S101 - tenacity sets it before it asks
    return cast("APIError", state.outcome.exception())
