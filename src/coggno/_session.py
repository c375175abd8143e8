"""The one send point: auth, tenant, retries, settling, decoding."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, Generic, Self, TypeVar, cast, get_args

from attrs import define, field, frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from coggno import _answer, _encode, _retry, _settle, _stream
from coggno._config import Config
from coggno._engines.port import Engine, Incoming, Outgoing
from coggno._exchange import Exchange, OnExchange, without_secrets
from coggno._locks import Locks
from coggno._values import secrets
from coggno._version import USER_AGENT
from coggno._wire import Operation, Request
from coggno.errors import (
    APIError,
    APITimeoutError,
    NotFoundError,
    OutcomeUnknownError,
    UnprocessableEntityError,
)

T = TypeVar("T")
logger: Final = logging.getLogger("coggno")


@frozen(kw_only=True)
class Session:
    """Implements `Send`. Copies made with `attrs.evolve` share the engine, the retry quota and the locks."""

    config: Config
    engine: Engine
    quota: _retry.RetryQuota = field(factory=_retry.RetryQuota)
    locks: Locks = field(factory=Locks)
    on_exchange: OnExchange | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform

    async def __call__(self, request: Request[T], /) -> T:
        """Send `request`, again where that is safe, and return the decoded answer; see `AsyncCoggno.send`."""
        call = _Call(self, request, self.prepare(request))
        try:
            answer = await call.attempt()
        except APIError as failure:
            if not call.may_go_on(failure):
                raise
            answer = await _recover(call, failure)
        self.quota.refund()
        return answer

    async def iterate(self, request: Request[list[T]]) -> AsyncGenerator[T]:
        """Send a read and yield its items as they arrive, in constant memory.

        Until the first item is there the read is repeated like any other; after that a failure is raised: what was
        yielded cannot be taken back.
        """
        call = _Call(self, request, self.prepare(request))
        try:
            items, first = await call.open_stream()
        except APIError as failure:
            if not call.may_go_on(failure):
                raise
            items, first = await _recover(cast("_Call[Any]", call), failure, again=call.open_stream)
        async with aclosing(items):
            for item in first:
                yield item
            async for item in items:
                yield item

    def prepare(self, request: Request[Any]) -> Outgoing:
        """Return the bytes of a request.

        Raises:
            InvalidRequestError: something in it cannot be sent.
        """
        content, content_type = _encode.body(request)
        headers = {
            "Accept": _encode.JSON,
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            **_encode.header_values(request),
        }
        if request.operation.answer == "text":
            headers["Accept"] = "text/*"
        if content_type is not None:
            headers["Content-Type"] = content_type
        if self.config.lms is not None:
            headers["Coggno-LMS"] = self.config.lms
        headers["Authorization"] = self.config.authorization
        return Outgoing(
            method=request.operation.method,
            url=self.config.base_url + _encode.target(request),
            headers=headers,
            content=content,
        )


@define
class _Call(Generic[T]):
    """One call with all its attempts."""

    session: Session
    request: Request[T]
    outgoing: Outgoing
    attempts: int = 0
    in_doubt: bool = False
    """Whether an attempt so far may have been carried out unseen."""
    failure: APIError | None = None
    """How the last attempt failed."""
    waits: list[float] = field(factory=list[float])
    started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.session.clock()

    @property
    def operation(self) -> Operation[T]:
        return self.request.operation

    @property
    def is_write(self) -> bool:
        return self.operation.retry != "safe"

    def may_go_on(self, failure: APIError) -> bool:
        """Whether anything may follow a first attempt that failed: another one, or a look."""
        return self.in_doubt or _retry.is_retryable(failure, self.operation.retry)

    def time_left(self) -> float | None:
        """Seconds until the deadline of the whole call."""
        deadline = self.session.config.deadline
        return None if deadline is None else deadline - (self.session.clock() - self.started)

    async def attempt(self) -> T:
        """Send the request once and decode the answer."""
        with _Attempt(self) as attempt:
            incoming = await self._send_once()
            attempt.saw(incoming.status, incoming.headers)
            self._raise_for_status(incoming)
            return _answer.decode(self.operation, incoming.content)

    async def open_stream(self) -> tuple[AsyncGenerator[Any], list[Any]]:
        """Send a read once; return its items and, apart, the first of them."""
        items = self._items()
        try:
            first = [await anext(items)]
        except StopAsyncIteration:
            first = []
        return items, first

    async def _items(self) -> AsyncGenerator[Any]:
        (kind,) = get_args(self.operation.returns)
        with _Attempt(self) as attempt:
            async with self.session.engine.stream(self.outgoing, self.session.config.timeout) as answer:
                attempt.saw(answer.status, answer.headers)
                if not 200 <= answer.status < 300:
                    content = await _stream.read_some(answer.chunks(), self.session.config.max_answer)
                    self._raise_for_status(Incoming(status=answer.status, headers=answer.headers, content=content))
                number = 0
                async for data in _stream.array_items(answer.chunks(), self.operation):
                    yield _answer.structure(self.operation, data, kind, f"$[{number}]")
                    number += 1

    async def again(self) -> T:
        """Try once more; a write in doubt is looked for first, and sent only when it is not there.

        Raises:
            _SettledError: looking has ended the call.
        """
        if self.in_doubt:
            look = await self.look()
            if look.finding != "resend":
                raise _SettledError(look)
        return await self.attempt()

    async def look(self) -> _settle.Look:
        """Ask the server whether the write happened.

        Raises:
            APIError: the read failed, so nothing was learnt.
        """
        settle = self.operation.settle
        if settle is None:
            return _settle.Look("unknown")
        read = _settle.question(settle, self.request)
        try:
            answer = await _Call(self.session, read, self.session.prepare(read)).attempt()
        except NotFoundError as missing:
            if isinstance(missing.body, str) and _answer.looks_like_html(missing.body.encode()):
                raise  # a proxy's page says nothing about the thing
            return _settle.judge_absent(settle)
        return _settle.judge(settle, self.request, answer)

    def conclude(self, look: _settle.Look | None) -> T:
        """Return what a settled write answers, or raise what is known of it; `None`: looking failed."""
        cause = self.failure
        if look is not None and look.finding == "done":
            logger.info("%s: its answer was lost, and looking shows that it happened", self.operation.id)
            return cast("T", look.answer)
        if look is not None and look.finding == "taken":
            raise UnprocessableEntityError(
                "the answer was lost; looking shows that the key belongs to somebody with other names",
                status_code=422,
                operation=self.operation.id,
            ) from cause
        if look is not None and look.finding == "resend" and cause is not None and cause.outcome == "rejected":
            raise cause
        raise OutcomeUnknownError(
            _settle.describe(look),
            operation=self.operation.id,
            candidates=look.candidates if look else (),
        ) from cause

    async def _send_once(self) -> Incoming:
        config = self.session.config
        sending = self.session.engine.send(self.outgoing, config.timeout, config.max_answer)
        limit = _shorter(config.timeout.total, self.time_left())
        if limit is None:
            return await sending
        try:
            async with asyncio.timeout(limit):
                return await sending
        except TimeoutError as error:
            raise APITimeoutError(f"no whole answer within {limit:.3g} s", outcome="unknown") from error

    def _raise_for_status(self, incoming: Incoming) -> None:
        if 200 <= incoming.status < 300:
            return
        raise _answer.status_error(
            self.operation,
            incoming.status,
            incoming.headers,
            incoming.content,
            secrets=[*self.session.config.secrets, *secrets(self.request)],
        )


class _Attempt:
    """Counts, times and reports one attempt, and remembers whether it left a write in doubt."""

    def __init__(self, call: _Call[Any]) -> None:
        self._call = call
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        self._call.attempts += 1
        self._started = self._call.session.clock()
        return self

    def saw(self, status: int, headers: Mapping[str, str]) -> None:
        """Note what came back."""
        self._status = status
        self._headers = headers

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, GeneratorExit):
            kind, error = None, None  # the caller has seen enough of a stream
        outcome = None if error is None else error.outcome if isinstance(error, APIError) else "unknown"
        if isinstance(error, APIError):
            error.operation = self._call.operation.id
            error.attempts, error.waits = self._call.attempts, tuple(self._call.waits)
            self._call.failure = error
        if outcome == "unknown" and self._call.is_write:
            self._call.in_doubt = True
        self._report(None if kind is None else kind.__name__, outcome or "done")

    def _report(self, failure: str | None, outcome: Any) -> None:
        call, session = self._call, self._call.session
        if session.on_exchange is None and not logger.isEnabledFor(logging.DEBUG):
            return
        exchange = Exchange(
            operation=call.operation.id,
            method=call.operation.method,
            path=call.operation.path,
            attempt=call.attempts,
            status=self._status,
            failure=failure,
            outcome=outcome,
            headers=without_secrets(self._headers),
            elapsed=session.clock() - self._started,
            lms=session.config.lms,
        )
        logger.debug(
            "%s attempt %d: %s %s in %.3f s",
            exchange.operation,
            exchange.attempt,
            exchange.status or exchange.failure,
            exchange.outcome,
            exchange.elapsed,
        )
        if session.on_exchange is not None:
            try:
                session.on_exchange(exchange)
            except Exception:
                # A metric that cannot be written must not change what is known of a write.
                logger.exception("on_exchange raised")


class _SettledError(Exception):
    """Looking has ended the call; not an `APIError`, so tenacity lets it through."""

    def __init__(self, look: _settle.Look) -> None:
        super().__init__()
        self.look = look


async def _recover(call: _Call[Any], first: APIError, again: Callable[[], Awaitable[Any]] | None = None) -> Any:
    """Go on after a first attempt that failed. Only here is tenacity entered: success does not pay for it."""
    try:
        return await _try_again(call, first, again or call.again)
    except _SettledError as settled:
        look: _settle.Look | None = settled.look
    except APIError as last:
        last.waits = tuple(call.waits)
        if not call.in_doubt:
            raise
        look = await _last_look(call)
    try:
        return call.conclude(look)
    except APIError as error:
        error.attempts, error.waits = call.attempts, tuple(call.waits)
        raise


async def _try_again(call: _Call[Any], first: APIError, again: Callable[[], Awaitable[Any]]) -> Any:
    pacing = _Pacing(call)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(APIError),
        wait=pacing.wait,
        stop=pacing.stop,
        sleep=call.session.sleep,
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            if attempt.retry_state.attempt_number == 1:
                raise first
            return await again()
    raise AssertionError  # pragma: no cover - tenacity returns or raises


async def _last_look(call: _Call[Any]) -> _settle.Look | None:
    """The attempts are used up and the write is in doubt: look one last time; `None` if that fails."""
    try:
        return await call.look()
    except APIError:
        return None


class _Pacing:
    """Carries `_retry.decide` to tenacity, which asks for the wait before it asks whether to stop."""

    def __init__(self, call: _Call[Any]) -> None:
        self._call = call
        self._pause: float | None = None

    def wait(self, state: RetryCallState) -> float:
        failure = _failure(state)
        self._pause = _retry.decide(
            failure,
            state.attempt_number,
            self._call.operation.retry,
            max_retries=self._call.session.config.max_retries,
            time_left=self._call.time_left(),
            uniform=self._call.session.uniform,
        )
        return self._pause or 0.0

    def stop(self, state: RetryCallState) -> bool:
        failure = _failure(state)
        if self._pause is None or not self._call.session.quota.take(_retry.price(failure)):
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


def _shorter(one: float | None, other: float | None) -> float | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
