"""The state of one call over all its attempts: what was sent, what is known, and how much time is left."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, Generic, TypeVar, cast

from attrs import define, field

from coggno import testing
from coggno._engines.base import EngineRequest, EngineResponse
from coggno._protocol.operation import Operation, Request
from coggno._protocol.status_error import status_error
from coggno._session import retry
from coggno._session.context import CallContext
from coggno._session.exchange import CallTrace
from coggno._session.limits import TimeLimit
from coggno.errors import APIConnectionError, APIError, APITimeoutError, ConfigurationError

T = TypeVar("T")
logger: Final = logging.getLogger("coggno")


@define
class Call(Generic[T]):
    """One call with all its attempts.

    Attributes:
        context: what all calls share.
        request: what is to be done.
        prepared: its bytes.
        started: when the call began, on the session's clock.
        deadline: when the call must have ended, on the session's clock; `None` for no limit.
        attempts: how often the request was sent or tried.
        requests: how many requests that took, those of its checks included.
        failures: how many attempts and checks have failed.
        waits: the pauses so far, in seconds.
        paid: what the last retry has cost, in tokens of the retry quota.
        failure: how the last attempt failed.
        is_lost: whether an attempt so far may have been carried out unseen.
        refusal: a refusal that an attempt of ours may be the reason of, or that does not exclude a part of the write.
        is_unclear: whether that refusal may as well be one of the whole write.
        checked_write: the write that this read is a check of, if it is one.
        has_grace: whether the deadline was extended for the checks of a write in doubt.
        trace: what `around_call` was given; for a check that of its write.
    """

    context: CallContext
    request: Request[T]
    prepared: EngineRequest
    deadline: float | None
    started: float
    attempts: int = 0
    requests: int = 0
    failures: int = 0
    waits: list[float] = field(factory=list[float])
    paid: int = 0
    failure: APIError | None = None
    is_lost: bool = False
    refusal: APIError | None = None
    is_unclear: bool = False
    has_grace: bool = False
    trace: CallTrace | None = None
    checked_write: Call[Any] | None = None

    @property
    def operation(self) -> Operation[T]:
        """What is called."""
        return self.request.operation

    @property
    def check_of(self) -> str | None:
        """The operation of the write that this read is a check of."""
        return None if self.checked_write is None else self.checked_write.operation.id

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows yet if the write, or a part of it, was carried out."""
        return self.is_lost or self.refusal is not None

    def begin_attempt(self) -> None:
        """Count an attempt, and for the write that it checks, a request."""
        self.attempts += 1
        self.requests += 1
        if self.checked_write is not None:
            self.checked_write.requests += 1

    def complete(self, error: APIError) -> APIError:
        """Give a failure the operation's name and what the call has taken so far."""
        error.operation = self.operation.id
        error.attempts, error.requests, error.waits = self.attempts, self.requests, tuple(self.waits)
        return error

    def time_left(self) -> float | None:
        """Return the seconds until the deadline of the whole call."""
        return None if self.deadline is None else self.deadline - self.context.clock()

    def limit(self) -> float | None:
        """Return the seconds that an attempt may take.

        Raises:
            APITimeoutError: there is no time left; nothing is sent any more.
        """
        left = shorter(self.context.config.timeout.total, self.time_left())
        if left is not None and left <= 0:
            raise APITimeoutError("the time of the call is over (deadline)", outcome="not_sent")
        return left

    def within_limit(self) -> TimeLimit:
        """Limit a `with` block, which sends the request, to the time that an attempt may take.

        Raises:
            APITimeoutError: the time is over.
        """
        return TimeLimit(self.context.limits, self.limit(), self.prepared)

    def secrets(self) -> list[str]:
        """Return the texts that must not show: those of the write that this read checks as well."""
        own = self.context.secrets(self.request)
        return own if self.checked_write is None else [*own, *self.checked_write.secrets()]

    def raise_for_status(self, response: EngineResponse) -> None:
        """Raise the error of a response whose status is not 2xx."""
        if not 200 <= response.status < 300:
            raise status_error(
                self.operation,
                response.status,
                response.headers,
                response.content,
                secrets=self.secrets(),
            )

    def next_pause(self) -> float | None:
        """Return the pause before the next step, paid for from the quota, or `None` to stop."""
        context, failure = self.context, cast("APIError", self.failure)
        self.failures += 1
        seconds = retry.decide(
            failure,
            self.failures,
            self.operation.retry,
            in_doubt=self.in_doubt,
            max_retries=testing.limited_retries(context.config.max_retries),
            time_left=self.time_left(),
            backoff=context.backoff or retry.default_backoff(),
            elapsed=context.clock() - self.started,
        )
        cost = retry.cost(failure)
        # A call that ends here does not pay: the quota is for retries.
        if seconds is None or not context.quota.take(cost):
            return None
        self.paid = cost
        self.waits.append(seconds)
        logger.info(
            "%s failed (%s, %s), next attempt in %.2f s",
            self.operation.id,
            type(failure).__name__,
            failure.outcome,
            seconds,
        )
        return seconds

    async def pause(self, seconds: float) -> None:
        """Wait between two steps; closing the client ends the wait.

        Raises:
            APIConnectionError: the client was closed; the outcome is that of the last attempt.
        """
        try:
            async with self.context.engine.until_closed(self.prepared):
                await self.context.sleep(seconds)
        except APIConnectionError as closed:
            if self.failure is not None:
                closed.outcome = self.failure.outcome
            raise self.complete(closed) from self.failure


def begin(context: CallContext, request: Request[T], *, checked_write: Call[Any] | None = None) -> Call[T]:
    """Return a call that has not been tried yet.

    Args:
        context: what all calls share.
        request: what is to be done.
        checked_write: the write that this read is a check of; the two have one deadline.

    Raises:
        ConfigurationError: no event loop of asyncio is running.
        InvalidRequestError: the request cannot be sent.
    """
    _check_asyncio()
    started, seconds = context.clock(), context.config.deadline
    deadline = None if seconds is None else started + seconds
    if checked_write is not None:
        deadline = checked_write.deadline
    prepared = context.prepare(request)
    call = Call(context, request, prepared, deadline=deadline, started=started, checked_write=checked_write)
    if checked_write is not None:
        call.trace = checked_write.trace
    return call


def _check_asyncio() -> None:
    # Later it would be an error while a request is on its way, and a write of unknown outcome.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        message = "no event loop of asyncio is running: await calls inside asyncio.run(...); trio is not supported"
        raise ConfigurationError(message) from None


def shorter(one: float | None, other: float | None) -> float | None:
    """Return the smaller of two limits; `None` is no limit."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
