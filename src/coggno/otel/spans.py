"""A span for each call, and below it one for each attempt, as the conventions ask for requests that are sent again."""

from __future__ import annotations

from contextvars import Token
from typing import Any, Final, cast

from attrs import frozen
from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from coggno._session import Attempt, CallTrace, Exchange

from . import attributes

_SPAN: Final = "coggno.otel.span"
"""Key of a span in the `state` of a call or of an attempt."""


@frozen
class Tracing:
    """Makes spans.

    Args:
        tracer: of the provider.
        propagate: whether attempts carry the context of their span to the server.
    """

    tracer: Tracer
    propagate: bool

    def start_call(self, call: CallTrace) -> tuple[object | None, bool]:
        """Start the span of a call.

        Returns:
            The token of its context, if it was made current; and whether it is recorded.
        """
        # A sampler sees the name only: attributes cost a call that is not sampled as much as all the rest.
        span = self.tracer.start_span(f"coggno.{call.operation}")
        is_recorded = span.is_recording()
        if is_recorded or self.propagate:
            call.state[_SPAN] = span
            call.on_request = self.start_attempt
        if not is_recorded:
            return None, False
        span.set_attribute(attributes.OPERATION, call.operation)
        if call.lms is not None:
            span.set_attribute(attributes.COMPANY, call.lms)
        # The body of a loop over `iter()` runs between two items, in the same task: it is no part of the call.
        return None if call.is_stream else context.attach(trace.set_span_in_context(span)), True

    def end_call(self, call: CallTrace, token: object | None, error: BaseException | None, outcome: str) -> None:
        """End the span of a call."""
        if token is not None:
            context.detach(cast("Token[Context]", token))
        span: Span | None = call.state.get(_SPAN)
        if span is None:
            return
        ended: dict[str, Any] = {
            attributes.ATTEMPTS: call.attempts,
            attributes.REQUESTS: call.requests,
            attributes.SETTLED: call.settled,
            attributes.OUTCOME: outcome,
        }
        span.set_attributes(ended)
        if error is not None and outcome != "done":
            # The class only: a message may name a person.
            span.set_attribute(attributes.ERROR, type(error).__name__)
            span.set_status(StatusCode.ERROR)
        span.end()

    def start_attempt(self, attempt: Attempt) -> None:
        """Start the span of an attempt, if that of its call is recorded."""
        parent = None if attempt.call is None else attempt.call.state.get(_SPAN)
        if parent is None:
            return
        current = trace.set_span_in_context(parent) if parent.is_recording() or self.propagate else None
        if parent.is_recording():
            span = self._start(attempt, current)
            attempt.state[_SPAN] = span
            current = trace.set_span_in_context(span)
        if self.propagate:
            propagate.inject(attempt.headers, current)

    def end_attempt(self, exchange: Exchange) -> None:
        """End the span of an attempt."""
        span: Span | None = exchange.state.get(_SPAN)
        if span is None:
            return
        span.set_attribute(attributes.OUTCOME, exchange.outcome)
        if exchange.status is not None:
            span.set_attribute(attributes.STATUS, exchange.status)
        error = attributes.error_type(exchange)
        if error is not None:
            span.set_attribute(attributes.ERROR, error)
            span.set_status(StatusCode.ERROR)
        span.end()

    def _start(self, attempt: Attempt, parent: Context | None) -> Span:
        given: dict[str, Any] = {
            attributes.METHOD: attempt.method,
            attributes.TEMPLATE: attempt.path,
            attributes.OPERATION: attempt.operation,
            **dict(attributes.server_attributes(attempt.url)),
        }
        if attempt.attempt > 1:
            given[attributes.RESEND_COUNT] = attempt.attempt - 1
        if attempt.check_of is not None:
            given[attributes.CHECK_OF] = attempt.check_of
        name = f"{attempt.method} {attempt.path}"
        return self.tracer.start_span(name, parent, SpanKind.CLIENT, attributes=given)
