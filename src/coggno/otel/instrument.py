"""Connecting a client with OpenTelemetry."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, nullcontext
from types import TracebackType
from typing import Any, Final

from attrs import frozen
from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Tracer, TracerProvider

from coggno._facade import AsyncCoggno
from coggno._session import CallTrace, Exchange
from coggno._version import __version__
from coggno.errors import ConfigurationError
from coggno.provisioning import RowResult

from . import attributes
from .measurements import Instruments, instruments_of
from .spans import Tracing


@frozen
class Telemetry:
    """What `instrument` returns.

    Args:
        instruments: where rows are counted.
    """

    _instruments: Instruments

    async def count_rows(self, results: AsyncIterable[RowResult]) -> AsyncGenerator[RowResult]:
        """Yield the results of a run, and count them by outcome.

        ```python
        async for result in telemetry.count_rows(coggno.provision("roster.csv")):
            ...
        ```

        Args:
            results: what `provision` returns, or a `Run`; it ends when this iteration is closed.
        """
        async with _closing(results):
            async for result in results:
                self._instruments.rows.add(1, {attributes.ROW_OUTCOME: str(result.outcome)})
                yield result


def _closing(results: AsyncIterable[Any]) -> AbstractAsyncContextManager[Any]:
    """Return a context that closes an iteration, so that no request goes on behind the back of whoever left it."""
    close: Any = results
    return aclosing(close) if hasattr(results, "aclose") else nullcontext()


def instrument(
    client: AsyncCoggno,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    propagate: bool = False,
) -> Telemetry:
    """Record the calls of a client, and of copies that are made of it later, as spans and metrics.

    Nothing is patched. Your own `on_request` and `on_exchange` are called as before. API keys, passwords and logins are
    not recorded: a path is recorded as its template, an error as its class.

    Args:
        client: the client.
        tracer_provider: makes the spans; by default the one of `opentelemetry.trace`.
        meter_provider: makes the metrics; by default the one of `opentelemetry.metrics`.
        propagate: whether requests carry the trace context, and baggage if there is any, to Coggno.

    Returns:
        An object that counts the rows of provisioning runs.

    Raises:
        ConfigurationError: the client is instrumented already.
    """
    if client._session.around_call is not None:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it is ours
        raise ConfigurationError("this client is instrumented already, or is a copy of one that is")
    tracer = _tracer(tracer_provider or trace.get_tracer_provider(), propagate=propagate)
    instruments = instruments_of(meter_provider or metrics.get_meter_provider())
    observer = _Observer(Tracing(tracer, propagate), instruments)
    client._observe(observer)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it is ours
    instruments.clients.add(client)
    return Telemetry(instruments)


def _tracer(provider: TracerProvider, *, propagate: bool) -> Tracer:
    # Asking the SDK's sampler costs three times as much as all the rest, and this one always says no. With `propagate`
    # the server has to hear of it, too.
    sampling = sys.modules.get("opentelemetry.sdk.trace.sampling")
    if not propagate and sampling is not None and getattr(provider, "sampler", None) is sampling.ALWAYS_OFF:
        return trace.NoOpTracer()
    return provider.get_tracer("coggno", __version__)


_UNOBSERVED: Final = nullcontext()


@frozen
class _Observer:
    """Starts the span of a call, and asks for its attempts only if somebody wants to know of them."""

    tracing: Tracing
    instruments: Instruments

    def __call__(self, call: CallTrace) -> AbstractContextManager[None]:
        is_measured = self.instruments.is_active
        token, is_recorded = self.tracing.start_call(call)
        # What nobody samples or collects must cost next to nothing.
        if not (is_recorded or is_measured):
            return _UNOBSERVED
        call.on_exchange = self._on_exchange if is_measured else self.tracing.end_attempt
        return _ObservedCall(self, call, token)

    def end(self, call: CallTrace, started: float, token: object | None, error: BaseException | None) -> None:
        """Record a call that has ended."""
        outcome = attributes.outcome_of(call, error)
        self.tracing.end_call(call, token, error, outcome)
        self.instruments.record_call(call, time.perf_counter() - started, error, outcome)

    def _on_exchange(self, exchange: Exchange) -> None:
        self.tracing.end_attempt(exchange)
        self.instruments.record_attempt(exchange)


class _ObservedCall(AbstractContextManager[None]):
    """The length of a call. A class: a generator with `contextmanager` takes three times as long."""

    __slots__ = ("_call", "_observer", "_started", "_token")

    def __init__(self, observer: _Observer, call: CallTrace, token: object | None) -> None:
        self._observer = observer
        self._call = call
        self._started = time.perf_counter()
        self._token = token

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.end(self._call, self._started, self._token, error)
