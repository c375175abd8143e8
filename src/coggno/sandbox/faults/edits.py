"""Changing the JSON of a response. Pure: the value that comes in stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .actions import Edit, RemoveField, SetField, UnwrapList, WrapInList, WrongType

_MISSING: Final = object()
"""The value of a field that is not there, and of one that is to be removed."""

Change = Callable[[Any], Any]
"""From the value of a field to its new value; either may be `_MISSING`."""


def apply_edit(edit: Edit, value: Any) -> Any:
    """Return JSON like `value`, with one change; the same value if there is nothing to change."""
    if isinstance(edit, WrapInList):
        return [value] if isinstance(value, dict) else value
    if isinstance(edit, UnwrapList):
        return _unwrapped(value)
    return _edited(value, edit.field.split("."), _change(edit))


def _change(edit: SetField | RemoveField | WrongType) -> Change:
    if isinstance(edit, SetField):
        return lambda _: edit.value
    if isinstance(edit, RemoveField):
        return lambda _: _MISSING
    return _other_type


def _unwrapped(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    items: list[Any] = [*value]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return items[0] if len(items) == 1 else items


def _edited(value: Any, steps: list[str], change: Change) -> Any:
    if not steps:
        return change(value)
    if isinstance(value, list):
        return _edited_list([*value], steps, change)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, dict):
        return _edited_object({**value}, steps, change)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return value


def _edited_list(items: list[Any], steps: list[str], change: Change) -> list[Any]:
    step, rest = steps[0], steps[1:]
    if step == "*":
        edited = [_edited(item, rest, change) for item in items]
    elif step.isdecimal():
        edited = [_edited(item, rest, change) if i == int(step) else item for i, item in enumerate(items)]
    else:
        # A name where a list is: the first item is meant, so that `id` works for one object and for many.
        edited = [_edited(item, steps, change) if i == 0 else item for i, item in enumerate(items)]
    return [item for item in edited if item is not _MISSING]


def _edited_object(fields: dict[str, Any], steps: list[str], change: Change) -> dict[str, Any]:
    step, rest = steps[0], steps[1:]
    if step not in fields and rest:
        return fields
    new = _edited(fields.get(step, _MISSING), rest, change)
    if new is _MISSING:
        fields.pop(step, None)
        return fields
    return {**fields, step: new}


def _other_type(value: Any) -> Any:
    if value is _MISSING:
        return value
    if isinstance(value, str):
        return 12345
    return {"unexpected": "object"} if value is None else str(value)
