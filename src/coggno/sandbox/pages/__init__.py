"""Pages for people: what this is, the API reference at `/docs`, and the control pages below `/_sandbox`."""

from __future__ import annotations

from .site import Site

__all__ = ["Site"]
