"""When to hold back: requests per second at most, and failures at most."""

from __future__ import annotations

from coggno.provisioning.pacing.circuit_breaker import CircuitBreaker
from coggno.provisioning.pacing.rate_limiter import RateLimiter

__all__ = ["CircuitBreaker", "RateLimiter"]
