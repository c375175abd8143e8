"""Pages for people: what this is, what is in it, what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import asdict
from starlette.responses import JSONResponse, PlainTextResponse, Response

from .docs import reference
from .log import Requests
from .operations import OPERATIONS
from .world import World

_ABOUT: Final = """\
The Coggno sandbox: the Coggno API on this machine. Nothing here is real, and nothing is kept when it stops.

    curl http://HOST:PORT/api/v1/users -u test_anything:

Reference: /docs
State:     /_sandbox/state
Effects:   /_sandbox/effects

Operations, below /api/v1 and /capp/api/v1:

{operations}
"""
_NEWEST: Final = 1000


def page(world: World, requests: Requests, method: str, path: str) -> Response | None:
    """Return the page at `path`, or None if there is none."""
    if method != "GET":
        return None
    make = _PAGES.get(path)
    return None if make is None else make(world, requests)


def _about(_: World, __: Requests) -> Response:
    rows = [f"    {each.method:6} /{each.path:32} {each.id}" for each in OPERATIONS]
    return PlainTextResponse(_ABOUT.format(operations="\n".join(rows)))


def _state(world: World, requests: Requests) -> Response:
    companies = [
        {
            "id": company.id,
            "name": company.name,
            "connected_to": company.parent,
            "users": len(world.users(company.id)),
            "groups": len(world.groups(company.id)),
        }
        for company in world.companies()
    ]
    counts = {each.id: requests.count(each.id) for each in OPERATIONS}
    return JSONResponse(
        {
            "companies": companies,
            "effects": len(world.effects),
            "late": world.pending,
            "requests": {"total": requests.total, "peak": requests.peak, "by_operation": counts},
        }
    )


def _reference(_: World, __: Requests) -> Response:
    return reference()


def _effects(world: World, _: Requests) -> Response:
    return JSONResponse([asdict(effect) for effect in world.effects[-_NEWEST:]])


_PAGES: Final[dict[str, Callable[[World, Requests], Response]]] = {
    "/": _about,
    "/docs": _reference,
    "/_sandbox/state": _state,
    "/_sandbox/effects": _effects,
}
