"""The default engine: HTTP/1.1 from a pool of connections to one origin, on h11 and plain asyncio."""

from __future__ import annotations

from coggno._engines.default.engine import DefaultEngine

__all__ = ["DefaultEngine"]
