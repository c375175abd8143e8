"""When to hold back: requests per second, requests in progress, and outages."""

from __future__ import annotations

from coggno.provisioning.pacing.adaptive_limit import AdaptiveLimit
from coggno.provisioning.pacing.circuit import Circuit
from coggno.provisioning.pacing.rate_limiter import RateLimiter

__all__ = ["AdaptiveLimit", "Circuit", "RateLimiter"]
