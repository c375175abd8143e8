"""When to hold back: requests per second, requests in progress, and outages."""

from __future__ import annotations

from coggno.provisioning.pacing.adaptive_limit import AdaptiveLimit
from coggno.provisioning.pacing.circuit import Circuit
from coggno.provisioning.pacing.protocols import CircuitBreaker, Limiter
from coggno.provisioning.pacing.rate_limiter import RateLimiter
from coggno.provisioning.pacing.shared_pace import SharedPace

__all__ = ["AdaptiveLimit", "Circuit", "CircuitBreaker", "Limiter", "RateLimiter", "SharedPace"]
