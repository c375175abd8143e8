"""JSON as RFC 8259 has it: parsed strictly, and errors that quote nothing of the text."""

from __future__ import annotations

import json
from typing import Any, Final, TypeGuard


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Return whether parsed JSON is an array."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether parsed JSON is an object."""
    return isinstance(value, dict)


def refuse_constant(name: str) -> Any:
    """Refuse `NaN`, `Infinity` and `-Infinity`, which Python's parser would accept."""
    raise ValueError(name)


DECODER: Final = json.JSONDecoder(parse_constant=refuse_constant)


def parse(content: bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: not JSON, or nested or long beyond what Python reads; carries no part of the text.
    """
    try:
        return json.loads(content, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = describe(error)
    raise ValueError(reason)


def describe(error: BaseException) -> str:
    """Say what is wrong with a text without quoting it."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return "a number that JSON does not have, or too long a one"
