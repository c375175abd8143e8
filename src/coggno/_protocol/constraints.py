"""Values of a request are checked against the API's description before anything is sent. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from coggno._protocol import converter
from coggno._protocol.json import is_array, is_object
from coggno._protocol.operation import UNSET, Constraint, Request
from coggno.errors import InvalidRequestError

_PART: Final = r"[^\s@,;:<>()\[\]\\\"]+"
# Loose: a server knows best which of the odd addresses that RFC 5321 allows it takes. What that forbids without quotes,
# such as a comma or two dots in a row in the domain, was mistyped.
_LABEL: Final = r"[^\s@,;:<>()\[\]\\\".]+"
_EMAIL: Final = re.compile(rf'(?:{_PART}|"(?:[^"\\\r\n]|\\.)+")@(?:{_LABEL}(?:\.{_LABEL})*|\[[^\s\[\]\\]+\])')

_TYPES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    # `True` is an int to Python, and would be sent as `true`.
    "integer": (lambda value: isinstance(value, int) and not isinstance(value, bool), "an integer"),
    "number": (lambda value: isinstance(value, int | float) and not isinstance(value, bool), "a number"),
    "string": (lambda value: isinstance(value, str), "a string"),
    "boolean": (lambda value: isinstance(value, bool), "a boolean"),
}


def is_email(text: str) -> bool:
    """Return whether a text can be an e-mail address; the one rule, for requests and for rosters."""
    return _EMAIL.fullmatch(text) is not None


def check(request: Request[Any]) -> None:
    """Check every value that the description of the operation constrains.

    Raises:
        InvalidRequestError: names the first field and the rule that it breaks, never the value.
    """
    json_body: Any = None
    for part, name, constraint in request.operation.constrained:
        if part == "json":
            if request.json is UNSET:
                continue
            # A model becomes plain JSON once, under the names that are sent.
            json_body = converter.unstructure(request.json) if json_body is None else json_body
            for path, inner in _inside(json_body, name.split(".")):
                _check(request, path, inner, constraint, is_json=True)
            continue
        values: Mapping[str, Any] | None = getattr(request, part)
        value = None if values is None else values.get(name)
        # Nearly all values fit, and finding the words for what does not takes five times as long.
        if not _fits(value, constraint):
            _check(request, name, None if value is UNSET else value, constraint)


def _check(request: Request[Any], name: str, value: Any, constraint: Constraint, *, is_json: bool = False) -> None:
    for sentence in _violations(value, constraint, empty_is_missing=not is_json):
        raise InvalidRequestError(f"{name} {sentence} ({request.operation.id}). Nothing was sent.")


def _inside(data: Any, path: list[str], name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values that a path names in plain JSON; nothing where an object on the way is absent."""
    if not path:
        yield name, data
    elif path[0] == "[]":
        for index, item in enumerate(data if is_array(data) else []):
            yield from _inside(item, path[1:], f"{name}[{index}]")
    elif is_object(data):
        yield from _inside(data.get(path[0]), path[1:], f"{name}.{path[0]}".lstrip("."))


def _fits(value: Any, constraint: Constraint) -> bool:
    """Return whether a value is sure to fit: a text of an allowed length, an integer in its range, or nothing."""
    if constraint.values or constraint.pattern is not None:
        return False
    if value is None:
        return not constraint.required
    if type(value) is str:
        return (
            "string" in constraint.types
            and len(value) >= (constraint.min_length or constraint.required)
            and (constraint.max_length is None or len(value) <= constraint.max_length)
            and (constraint.format is None or is_email(value))
        )
    return (
        type(value) is int
        and "integer" in constraint.types
        and constraint.minimum is not None
        and constraint.minimum <= value
        and constraint.maximum is constraint.above is constraint.below is constraint.multiple_of is None
    )


def _violations(value: Any, constraint: Constraint, *, empty_is_missing: bool = True) -> Iterator[str]:
    """Yield a sentence for each rule that a value breaks; `None` is a value that is not sent."""
    if value is None:
        if constraint.required:
            yield "is required and must not be None"
        return
    # An empty text is a value to the server: `DELETE /groups` with `name=` may delete anything.
    if constraint.required and empty_is_missing and value == "":
        yield "is required and must not be empty"
    if constraint.types and not any(_TYPES[name][0](value) for name in constraint.types):
        yield f"must be {' or '.join(_TYPES[name][1] for name in constraint.types)}, not {type(value).__name__}"
    if constraint.values and value not in constraint.values:
        yield f"must be {' or '.join(map(repr, constraint.values))}"
    if isinstance(value, str):
        yield from _text(value, constraint)
    elif isinstance(value, int | float):
        yield from _number(value, constraint)
    elif is_array(value):
        yield from _items(value, constraint)
    elif isinstance(value, dt.datetime) and value.tzinfo is None:
        # Without a zone the server would guess one.
        yield "must have a time zone, as in datetime.now(timezone.utc)"


def _text(value: str, constraint: Constraint) -> Iterator[str]:
    yield from _size(len(value), constraint.min_length, constraint.max_length, "characters")
    if constraint.format == "email" and not is_email(value):
        yield "must be an e-mail address, such as ada@example.com"
    # Patterns are those of JSON Schema, where `\d` means ASCII digits and a match anywhere counts.
    if constraint.pattern is not None and not re.search(constraint.pattern, value, re.ASCII):
        yield f"must match {constraint.pattern!r}"


def _items(value: list[Any], constraint: Constraint) -> Iterator[str]:
    yield from _size(len(value), constraint.min_items, constraint.max_items, "items")
    if constraint.unique_items and any(item in value[:index] for index, item in enumerate(value)):
        yield "must not have an item twice"


def _number(value: float, constraint: Constraint) -> Iterator[str]:
    if constraint.minimum is not None and value < constraint.minimum:
        yield f"must be at least {constraint.minimum}"
    if constraint.maximum is not None and value > constraint.maximum:
        yield f"must be at most {constraint.maximum}"
    if constraint.above is not None and value <= constraint.above:
        yield f"must be more than {constraint.above}"
    if constraint.below is not None and value >= constraint.below:
        yield f"must be less than {constraint.below}"
    if constraint.multiple_of is not None and not _is_multiple(value, constraint.multiple_of):
        yield f"must be a multiple of {constraint.multiple_of}"


def _is_multiple(value: float, factor: float) -> bool:
    from decimal import Decimal

    # In decimals, as it is written: 0.3 is a multiple of 0.1, although 0.3 % 0.1 is 0.09999.
    try:
        return Decimal(str(value)) % Decimal(str(factor)) == 0
    except ArithmeticError:
        return True  # beyond what decimals can compare: the server decides


def _size(size: int, least: int | None, most: int | None, units: str) -> Iterator[str]:
    if (least is None or size >= least) and (most is None or size <= most):
        return
    if most is None:
        yield "must not be empty" if least == 1 else f"must have at least {least} {units}"
    elif not least:
        yield f"must have at most {most} {units}"
    else:
        yield f"must have {least} to {most} {units}" if least != most else f"must have exactly {least} {units}"
