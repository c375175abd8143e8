"""The values of a request, by where they stand: `path.group_id`, `form.login`, `json.name`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from coggno._protocol.json import is_object
from coggno._protocol.operation import UNSET, Request


def first_given(request: Request[Any], places: Iterable[str]) -> Any:
    """Return the value at the first of `places` that the request gives (`form.login`, else `form.email`), or `None`."""
    for place in places:
        room, _, name = place.partition(".")
        value = _from_body(request.json, name) if room == "json" else _room(request, room).get(name)
        if value is not None and value is not UNSET:
            return value
    return None


def secrets(request: Request[Any]) -> list[str]:
    """Return the texts of the request's body that must never show."""
    values = (first_given(request, (f"form.{name}", f"json.{name}")) for name in request.operation.secrets)
    return [value for value in values if isinstance(value, str)]


def _room(request: Request[Any], room: str) -> Mapping[str, Any]:
    return getattr(request, room) or {}


def _from_body(body: Any, name: str) -> Any:
    return body.get(name) if is_object(body) else getattr(body, name, None)
