"""One call, attempt by attempt: what each saw, and what it leaves behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, Generic, Self, TypeVar, get_args

from attrs import define, field

from coggno._engines.base import EngineRequest, EngineResponse
from coggno._protocol import decode as _answer
from coggno._protocol import stream as _stream
from coggno._protocol.operation import Operation, Request
from coggno._protocol.values import secrets
from coggno._session import retry as _retry
from coggno._session.context import Context
from coggno._session.exchange import Exchange, without_secrets
from coggno.errors import APIError, APITimeoutError

T = TypeVar("T")
R = TypeVar("R")
logger: Final = logging.getLogger("coggno")


@define
class Call(Generic[T]):
    """One call with all its attempts."""

    context: Context
    request: Request[T]
    outgoing: EngineRequest
    attempts: int = 0
    in_doubt: bool = False
    """Whether an attempt so far may have been carried out unseen."""
    failure: APIError | None = None
    """How the last attempt failed."""
    waits: list[float] = field(factory=list[float])
    started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.context.clock()

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
        deadline = self.context.config.deadline
        return None if deadline is None else deadline - (self.context.clock() - self.started)

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
            async with AsyncExitStack() as stack:
                opening = self.context.engine.stream(self.outgoing, self.context.config.timeout)
                answer = await self._in_time(lambda: stack.enter_async_context(opening))
                attempt.saw(answer.status, answer.headers)
                if not 200 <= answer.status < 300:
                    content = await _stream.read_some(answer.chunks(), self.context.config.max_response_bytes)
                    self._raise_for_status(
                        EngineResponse(status=answer.status, headers=answer.headers, content=content)
                    )
                number = 0
                async for data in _stream.array_items(answer.chunks(), self.operation):
                    yield _answer.structure(self.operation, data, kind, f"$[{number}]")
                    number += 1

    async def _send_once(self) -> EngineResponse:
        config = self.context.config
        return await self._in_time(
            lambda: self.context.engine.send(self.outgoing, config.timeout, config.max_response_bytes)
        )

    async def _in_time(self, start: Callable[[], Awaitable[R]]) -> R:
        """Do what `start` begins within `Timeout.total` and what is left of the deadline."""
        limit = _shorter(self.context.config.timeout.total, self.time_left())
        if limit is None:
            return await start()
        if limit <= 0:
            raise APITimeoutError("the time of the call is over (deadline)", outcome="not_sent")
        try:
            async with asyncio.timeout(limit):
                return await start()
        except TimeoutError as error:
            raise APITimeoutError(f"no whole answer within {limit:.3g} s", outcome="unknown") from error

    def _raise_for_status(self, incoming: EngineResponse) -> None:
        if 200 <= incoming.status < 300:
            return
        raise _answer.status_error(
            self.operation,
            incoming.status,
            incoming.headers,
            incoming.content,
            secrets=[*self.context.config.secrets, *secrets(self.request)],
        )


class _Attempt:
    """Counts, times and reports one attempt, and remembers whether it left a write in doubt."""

    def __init__(self, call: Call[Any]) -> None:
        self._call = call
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        self._call.attempts += 1
        self._started = self._call.context.clock()
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
        call, context = self._call, self._call.context
        if context.on_exchange is None and not logger.isEnabledFor(logging.DEBUG):
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
            elapsed=context.clock() - self._started,
            lms=context.config.lms,
        )
        logger.debug(
            "%s attempt %d: %s %s in %.3f s",
            exchange.operation,
            exchange.attempt,
            exchange.status or exchange.failure,
            exchange.outcome,
            exchange.elapsed,
        )
        if context.on_exchange is not None:
            try:
                context.on_exchange(exchange)
            except Exception:
                # A metric that cannot be written must not change what is known of a write.
                logger.exception("on_exchange raised")


def _shorter(one: float | None, other: float | None) -> float | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
