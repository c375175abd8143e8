"""The API reference as one page, for people; `nox -s docs` builds it from the spec."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.responses import HTMLResponse, Response


def reference() -> Response:
    """Return the page. It holds all it needs and asks no other host for anything."""
    return HTMLResponse(_page())


@cache
def _page() -> bytes:
    return files("coggno.sandbox").joinpath("reference.html").read_bytes()
