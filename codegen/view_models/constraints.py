"""What the document says of values that are sent becomes `Constraint`s, which are checked before sending."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from codegen import ir
from codegen.view_models.source import TypeWriter

_KEYWORDS: Final[Mapping[str, str]] = {
    "format": "format",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
    "minItems": "min_items",
    "maxItems": "max_items",
}
_CHECKED_FORMATS: Final = frozenset({"email"})
_JSON_TYPES: Final[Mapping[ir.ScalarName, str]] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
}


def constraints(operation: ir.Operation, source: TypeWriter) -> str | None:
    """Return the constraints of an operation as source, or None if there are none."""
    entries = []
    for location, item in _values(operation):
        arguments = list(_arguments(item))
        if arguments:
            given = ", ".join(f"{name}={value!r}" for name, value in arguments)
            entries.append(f"{f'{location}.{item.name}'!r}: {source.use('Constraint')}({given})")
    return f"{{{', '.join(entries)}}}" if entries else None


def _values(operation: ir.Operation) -> Iterator[tuple[str, ir.Field]]:
    for parameter in operation.parameters:
        yield parameter.location, parameter.field
    if operation.body is not None:
        for item in operation.body.fields:
            yield "form", item


def _arguments(item: ir.Field) -> Iterator[tuple[str, Any]]:
    inner = item.type.type if isinstance(item.type, ir.Nullable) else item.type
    if item.required:
        yield "required", True
    types = tuple(_types(inner))
    if types:
        yield "types", types
    if isinstance(inner, ir.Choice):
        yield "values", inner.values
    if isinstance(inner, ir.Constant):
        yield "values", (inner.value,)
    for keyword, value in item.limits:
        if keyword in _KEYWORDS and _is_checked(keyword, value):
            yield _KEYWORDS[keyword], value


def _types(found: ir.Type) -> Iterator[str]:
    match found:
        case ir.Scalar(name) if name in _JSON_TYPES:
            yield _JSON_TYPES[name]
        case ir.Union(members):
            kinds = [kind for member in members for kind in _types(member)]
            # Dates and UUIDs are given as objects of Python: where one is allowed, the type says little.
            yield from kinds if len(kinds) == len(members) else ()
        case _:
            pass


def _is_checked(keyword: str, value: Any) -> bool:
    if keyword == "format":
        return value in _CHECKED_FORMATS
    return keyword != "pattern" or _is_python(value)


def _is_python(pattern: str) -> bool:
    """Return whether Python can read a pattern of JSON Schema; the server checks all others."""
    try:
        re.compile(pattern, re.ASCII)
    except re.error:
        return False
    return True
