"""The reference's own oddities, on request.

A quirk is written `operation:kind`:

- `getUser:list`: the one object is answered as a list that holds it;
- `listGroupUsers:object`: a list of exactly one is answered as the object;
- `deleteUser:ids`: only ids are understood in the path. The reference says that logins are, too, under Retrieve User
  and Retrieve Group User only.

`reference` stands for the three shapes that its examples show.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from .operations import OPERATION_IDS, OPERATIONS
from .spelling import suggest

REFERENCE: Final = ("listGroupUsers:object", "getUser:list", "getGroupUser:list")
"""What the examples of the reference show against their own headings."""

_KINDS: Final = ("list", "object", "ids")
_BY_LOGIN: Final = frozenset(operation.id for operation in OPERATIONS if "{user}" in operation.path)


class Quirks:
    """Which operations answer oddly.

    Args:
        names: quirks such as `getUser:list`, or `reference`.

    Raises:
        ValueError: an unknown operation or kind; the message suggests the nearest one.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        given = [names] if isinstance(names, str) else list(names)
        listed = [each for name in given for each in (REFERENCE if name == "reference" else (name,))]
        self._on = frozenset(_checked(name) for name in listed)

    def shaped(self, operation: str, value: Any) -> Any:
        """Return the JSON of an answer in the shape asked for."""
        if isinstance(value, dict) and (operation, "list") in self._on:
            return [value]
        if isinstance(value, list) and len(value) == 1 and (operation, "object") in self._on:  # pyright: ignore[reportUnknownArgumentType]
            return value[0]  # pyright: ignore[reportUnknownVariableType]
        return value  # pyright: ignore[reportUnknownVariableType]

    def takes_logins(self, operation: str) -> bool:
        """Return whether the operation understands a login in the path."""
        return (operation, "ids") not in self._on


def _checked(name: str) -> tuple[str, str]:
    operation, _, kind = name.partition(":")
    if operation not in OPERATION_IDS:
        raise ValueError(f"quirk {name!r}: unknown operation {operation!r}{suggest(operation, OPERATION_IDS)}")
    if kind not in _KINDS:
        raise ValueError(f"quirk {name!r}: unknown kind {kind!r}{suggest(kind, _KINDS)}")
    if kind == "ids" and operation not in _BY_LOGIN:
        raise ValueError(f"quirk {name!r}: {operation} has no user in its path")
    return operation, kind
