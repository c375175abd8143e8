"""OpenTelemetry for a client: a span for each call and each attempt, and metrics. Needs the extra `otel`.

from coggno.otel import instrument

async with AsyncCoggno() as coggno:
instrument(coggno)
"""

from __future__ import annotations

try:
    import opentelemetry.trace as _trace
except ModuleNotFoundError as exc:
    if not (exc.name or "").startswith("opentelemetry"):
        raise
    raise ImportError("coggno.otel needs OpenTelemetry: pip install 'coggno[otel]'") from exc

from .instrument import Telemetry, instrument

__all__ = ["Telemetry", "instrument"]

del _trace
