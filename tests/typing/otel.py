"""User code for OpenTelemetry, never run: mypy --strict and pyright strict must accept it."""

from __future__ import annotations

from typing import assert_type

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from coggno import AsyncCoggno
from coggno.otel import Telemetry, instrument
from coggno.provisioning import RowResult


async def telemetry(coggno: AsyncCoggno) -> None:
    instrument(coggno)
    found = instrument(coggno, tracer_provider=TracerProvider(), meter_provider=MeterProvider(), propagate=True)
    assert_type(found, Telemetry)
    async for result in found.count_rows(coggno.provision("roster.csv")):
        assert_type(result, RowResult)
