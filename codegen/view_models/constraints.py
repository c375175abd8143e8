"""What the document says of values that are sent becomes `Constraint`s, which are checked before sending."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from attrs import evolve

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
    "multipleOf": "multiple_of",
    "minItems": "min_items",
    "maxItems": "max_items",
    "uniqueItems": "unique_items",
}
_Models: TypeAlias = Mapping[str, ir.Model]
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
    for location, item in _values(operation, {model.pointer: model for model in source.api.models}):
        arguments = list(_arguments(item))
        if arguments:
            given = ", ".join(f"{name}={value!r}" for name, value in arguments)
            entries.append(f"{f'{location}.{item.name}'!r}: {source.use('Constraint')}({given})")
    return f"{{{', '.join(entries)}}}" if entries else None


def _values(operation: ir.Operation, models: _Models) -> Iterator[tuple[str, ir.Field]]:
    for parameter in operation.parameters:
        yield parameter.location, parameter.field
    body = operation.body
    if body is None:
        return
    if body.media == "json":
        yield from _json_values("json", body.type, models, frozenset())
    for item in body.fields:
        yield "form", item


def _json_values(
    location: str, found: ir.Type, models: _Models, around: frozenset[str]
) -> Iterator[tuple[str, ir.Field]]:
    """Yield the fields of a JSON body, those of inner objects included; `[]` stands for the items of a list."""
    match found:
        case ir.Nullable(inner):
            yield from _json_values(location, inner, models, around)
        case ir.Array(inner):
            yield from _json_values(f"{location}.[]", inner, models, around)
        # A model inside itself has no end: the server checks it.
        case ir.Reference(pointer) if pointer not in around:
            for item in models[pointer].fields:
                if "." in item.name or item.name == "[]":  # cannot be named by a path
                    continue
                # Null is a value in JSON, where a form has none.
                yield location, evolve(item, required=item.required and not isinstance(item.type, ir.Nullable))
                yield from _json_values(f"{location}.{item.name}", item.type, models, around | {pointer})
        case _:
            pass


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
    if keyword == "uniqueItems":
        return bool(value)
    return keyword != "pattern" or _is_python(value)


def _is_python(pattern: str) -> bool:
    """Return whether Python can read a pattern of JSON Schema; the server checks all others."""
    try:
        re.compile(pattern, re.ASCII)
    except re.error:
        return False
    return True
