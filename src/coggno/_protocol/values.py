"""The values of a request, named by where they are: `path.group_id`, `form.login`, `json.name`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from coggno._protocol.json import is_object
from coggno._protocol.operation import UNSET, Request

if TYPE_CHECKING:
    from uuid import UUID


def first_given(request: Request[Any], sources: Iterable[str], found: Any = None) -> Any:
    """Return the first value that is given, or `None`.

    Args:
        request: the request with the values.
        sources: names of alternatives, such as `form.login` and then `form.email`.
        found: the object that `found.id` and the like are read from.
    """
    for source in sources:
        part, _, name = source.partition(".")
        value = _value(request, part, name, found)
        if value is not None and value is not UNSET:
            return value
    return None


def secrets(request: Request[Any]) -> list[str]:
    """Return the texts of the request's body that must never show."""
    values = (first_given(request, (f"form.{name}", f"json.{name}")) for name in request.operation.secrets)
    return [value for value in values if isinstance(value, str)]


def _value(request: Request[Any], part: str, name: str, found: Any) -> Any:
    if part == "found":
        return getattr(found, name, None)
    if part == "json":
        body = request.json  # a model, or plain JSON
        return body.get(name) if is_object(body) else getattr(body, name, None)
    values: Mapping[str, Any] = getattr(request, part) or {}
    return values.get(name)


def is_uuid(value: object) -> TypeGuard[UUID]:
    """Return whether a value is a `UUID`."""
    from uuid import UUID  # takes longer to import than most of our modules, and is needed rarely

    return isinstance(value, UUID)
