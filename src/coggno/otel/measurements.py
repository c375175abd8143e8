"""The metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from coggno._facade import AsyncCoggno
from coggno._session import CallTrace, Exchange
from coggno._version import __version__

from . import attributes

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds, as the conventions advise; those of a call go on, since it contains its pauses."""
_CALL_BUCKETS: Final = (*_BUCKETS, 30, 60, 120)


class Instruments:
    """The instruments of one meter provider, for any number of clients.

    Args:
        provider: makes the meter.
    """

    def __init__(self, provider: MeterProvider) -> None:
        # Without an SDK the API discards everything. Its default provider may get an SDK behind it at any time.
        self._has_sdk = not _is_api_only(provider)
        self._is_default = provider is metrics.get_meter_provider()
        meter = provider.get_meter("coggno", __version__)
        # Weak: a client that the program has dropped has no connections to report.
        self.clients: WeakSet[AsyncCoggno] = WeakSet()
        self._requests = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of one attempt of a request.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._calls = meter.create_histogram(
            "coggno.client.call.duration",
            "s",
            "Duration of a call with its attempts, checks and pauses.",
            explicit_bucket_boundaries_advisory=_CALL_BUCKETS,
        )
        self._retries = meter.create_counter("coggno.client.retries", "{retry}", "Attempts after the first one.")
        self.rows = meter.create_counter("coggno.provision.rows", "{row}", "Rows of rosters, by outcome.")
        meter.create_observable_up_down_counter(
            "http.client.open_connections", [self._connections], "{connection}", "Connections that are open, by state."
        )
        meter.create_observable_up_down_counter(
            "coggno.client.waiting_calls", [self._waiting], "{call}", "Calls that wait for a connection."
        )

    @property
    def is_active(self) -> bool:
        """Whether anybody collects what is recorded."""
        return self._has_sdk or (self._is_default and not _is_api_only(metrics.get_meter_provider()))

    def record_call(self, call: CallTrace, seconds: float, error: BaseException | None, outcome: str) -> None:
        """Record a call that has ended."""
        given: dict[str, Any] = {attributes.OPERATION: call.operation, attributes.OUTCOME: outcome}
        if error is not None and outcome != "done":
            given[attributes.ERROR] = type(error).__name__
        self._calls.record(seconds, given)
        if call.attempts > 1:
            self._retries.add(call.attempts - 1, {attributes.OPERATION: call.operation})

    def record_attempt(self, exchange: Exchange) -> None:
        """Record an attempt that has ended."""
        given: dict[str, Any] = {
            attributes.METHOD: exchange.method,
            attributes.TEMPLATE: exchange.path,
            attributes.OPERATION: exchange.operation,
            attributes.OUTCOME: exchange.outcome,
            **dict(attributes.server_attributes(exchange.url)),
        }
        if exchange.status is not None:
            given[attributes.STATUS] = exchange.status
        error = attributes.error_type(exchange)
        if error is not None:
            given[attributes.ERROR] = error
        self._requests.record(exchange.elapsed, given)

    def _connections(self, _: CallbackOptions) -> Iterator[Observation]:
        for server, (idle, used, _waiting) in self._totals().items():
            for state, number in (("idle", idle), ("active", used)):
                yield Observation(number, {**dict(server), attributes.CONNECTION_STATE: state})

    def _waiting(self, _: CallbackOptions) -> Iterator[Observation]:
        for server, (_idle, _used, waiting) in self._totals().items():
            yield Observation(waiting, dict(server))

    def _totals(self) -> dict[tuple[tuple[str, str | int], ...], tuple[int, int, int]]:
        """Return idle connections, those in use, and waiting calls of each server; several clients may share one."""
        totals: dict[tuple[tuple[str, str | int], ...], tuple[int, int, int]] = {}
        for client in list(self.clients):
            found = client._session.engine.connections  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it is ours
            # A client that was handed in keeps its connections to itself.
            if found is not None:
                server = attributes.server_attributes(client.base_url)
                before = totals.get(server, (0, 0, 0))
                totals[server] = (before[0] + found.idle, before[1] + found.in_use, before[2] + found.waiting)
        return totals


def _is_api_only(provider: MeterProvider) -> bool:
    return type(provider).__module__.startswith("opentelemetry.metrics")


_instruments: WeakKeyDictionary[MeterProvider, Instruments] = WeakKeyDictionary()


def instruments_of(provider: MeterProvider) -> Instruments:
    """Return the instruments of a provider; the SDK complains about two of one name."""
    found = _instruments.get(provider)
    if found is None:
        found = _instruments[provider] = Instruments(provider)
    return found
