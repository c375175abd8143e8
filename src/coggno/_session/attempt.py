"""One attempt: the request is sent once, within its limits, and what came of it is reported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, TypeVar

from coggno._engines.base import EngineResponse
from coggno._protocol.decode import decode
from coggno._protocol.masking import mask_headers
from coggno._protocol.status_error import complete_decode_error
from coggno._session.call import Call, logger
from coggno._session.exchange import Attempt, Exchange, OnRequest
from coggno._session.hooks import announce, both, call_hook
from coggno.errors import APIError, CoggnoError, DecodeError, Outcome

T = TypeVar("T")


async def attempt(call: Call[T]) -> tuple[T, EngineResponse]:
    """Send the request once; return the decoded response, and as it was received.

    Raises:
        APIError: it failed; `outcome` says whether it can have been carried out.
    """
    context, config = call.context, call.context.config
    async with Observation(call) as observation:
        if observation.on_request is not None:
            await observation.announce(observation.on_request)
        with call.within_limit():
            response = await context.engine.send(call.prepared, config.timeout, config.max_response_bytes)
        observation.receive(response.status, response.headers)
        call.raise_for_status(response)
        try:
            return decode(call.operation, response.content, strict=config.decoding == "strict"), response
        except DecodeError as error:
            complete_decode_error(error, response.status, response.headers, response.content, call.secrets())
            raise


class Observation:
    """Counts, times and reports one attempt, and gives its failure the operation's name and an outcome."""

    def __init__(self, call: Call[Any]) -> None:
        trace, context = call.trace, call.context
        self.on_request = context.on_request
        self._on_exchange = context.on_exchange
        if trace is not None:
            self.on_request = both("on_request", self.on_request, trace.on_request)
            self._on_exchange = both("on_exchange", trace.on_exchange, self._on_exchange)
        self._call = call
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}
        self._attempt: Attempt | None = None
        self._from_hook: Exception | None = None

    async def __aenter__(self) -> Self:
        self._call.begin_attempt()
        self._prepared = self._call.prepared
        self._started = self._call.context.clock()
        return self

    async def announce(self, on_request: OnRequest) -> None:
        """Call `on_request`, inside the block: an attempt that was announced is always reported, too."""
        self._attempt = await announce(self._call, on_request)

    def receive(self, status: int, headers: Mapping[str, str]) -> None:
        """Note what came back."""
        self._status = status
        self._headers = headers

    def call_hook(self, hook: Callable[[Any], Any], value: Any) -> None:
        """Call a function of the caller's, whose exceptions are the caller's own."""
        try:
            hook(value)
        except Exception as error:
            self._from_hook = error
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        sent = self._call.prepared.sent
        self._call.prepared = self._prepared  # headers of the hook belong to this attempt only
        if error is None or isinstance(error, GeneratorExit):  # the caller has had enough of a stream
            if self._is_reported():
                await self._report(None, "done")
            return
        if isinstance(error, APIError):
            self._call.complete(error)
            if isinstance(error, DecodeError) and error.status_code is None and self._status is not None:
                complete_decode_error(error, self._status, self._headers, None, self._call.secrets())
            await self._report(error, error.outcome)
            return
        outcome: Outcome = "unknown" if sent else "not_sent"
        await self._report(error, outcome)
        if error is self._from_hook:
            return
        if isinstance(error, Exception) and not isinstance(error, CoggnoError | AssertionError):
            # An error that nobody has foreseen proves nothing: the request may have been carried out.
            raise self._call.complete(
                APIError(f"an unexpected {type(error).__name__} while the request was on its way", outcome=outcome)
            ) from error

    def _is_reported(self) -> bool:
        return self._on_exchange is not None or logger.isEnabledFor(logging.DEBUG)

    async def _report(self, error: BaseException | None, outcome: Outcome | Literal["done"]) -> None:
        if not self._is_reported():
            return
        exchange = self._exchange(error, outcome)
        logger.debug(
            "%s attempt %d: %s %s in %.3f s",
            exchange.operation,
            exchange.attempt,
            exchange.status or exchange.failure,
            exchange.outcome,
            exchange.elapsed,
        )
        if self._on_exchange is not None:
            await call_hook("on_exchange", self._on_exchange, exchange)

    def _exchange(self, error: BaseException | None, outcome: Outcome | Literal["done"]) -> Exchange:
        call, context = self._call, self._call.context
        return Exchange(
            operation=call.operation.id,
            method=call.operation.method,
            path=call.operation.path,
            url=context.config.base_url + call.operation.path,
            attempt=call.attempts,
            check_of=call.check_of,
            status=self._status,
            failure=None if error is None else type(error).__name__,
            outcome=outcome,
            headers=mask_headers(self._headers, call.secrets()),
            elapsed=context.clock() - self._started,
            lms=context.config.lms,
            state={} if self._attempt is None else self._attempt.state,
        )
