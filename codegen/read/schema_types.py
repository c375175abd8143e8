"""What a schema is read into, and the keywords of scalar types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import evolve, frozen

from codegen import ir
from codegen.diagnostics import SUGGESTIONS
from codegen.document import Node
from codegen.validation import mismatch

ANY: Final = ir.Scalar("any")
FORMS: Final = ("$ref", "allOf", "anyOf", "oneOf", "const", "enum")
TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
PYTHON: Final[dict[type, str]] = {str: "string", int: "integer", bool: "boolean"}

_TEXT_FORMATS: Final = (
    *("password", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
    *("uri", "uri-reference", "iri", "iri-reference", "uri-template"),
    *("time", "duration", "regex", "json-pointer", "relative-json-pointer"),
)
FORMATS: Final[dict[str, dict[str, ir.ScalarName]]] = {
    "string": {
        "date": "date",
        "date-time": "datetime",
        "uuid": "uuid",
        **dict.fromkeys(_TEXT_FORMATS, "str"),
    },
    "integer": dict.fromkeys(("int32", "int64"), "int"),
    "number": dict.fromkeys(("float", "double"), "float"),
}
"""Type -> format -> what it becomes. A format that is not here is refused: it could be a type."""

_LIMITS: Final = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
    "boolean": (),
}
_COUNTS: Final = {"minLength", "maxLength", "minItems", "maxItems"}


@frozen(kw_only=True)
class Schema:
    """What a schema says: a type, and what belongs to its place rather than to the type."""

    type: ir.Type = ANY
    description: str = ""
    default: ir.Default | None = None
    limits: tuple[tuple[str, Any], ...] = ()
    secret: bool = False
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False


def field_of(name: str, schema: Schema, pointer: str, *, required: bool = False) -> ir.Field:
    """Return a schema under a name."""
    return ir.Field(
        pointer=pointer,
        name=name,
        type=schema.type,
        required=required,
        description=schema.description,
        default=schema.default,
        limits=schema.limits,
        secret=schema.secret,
        read_only=schema.read_only,
        write_only=schema.write_only,
        deprecated=schema.deprecated,
    )


def nullable(schema: Schema) -> Schema:
    """Return a schema that also allows null."""
    if isinstance(schema.type, ir.Nullable) or schema.type == ANY:
        return schema
    return evolve(schema, type=ir.Nullable(schema.type))


def is_model(found: ir.Type) -> bool:
    return isinstance(found.type if isinstance(found, ir.Nullable) else found, ir.Reference)


def name_of(pointer: str) -> str | None:
    """Return the name of a schema that may be referred to."""
    *_, room, name = pointer.split("/")
    is_named = room in {"$defs", "schemas"} and pointer.startswith("#/components/schemas/")
    return name.replace("~1", "/").replace("~0", "~") if is_named else None


def json_kind(found: ir.Type) -> str | None:
    if not isinstance(found, ir.Scalar):
        return None
    kinds = {"int": "integer", "float": "number", "bool": "boolean", "any": None, "object": None}
    return kinds.get(found.name, "string")


def fits(value: Any, types: list[str]) -> bool:
    if value is None:
        return "null" in types
    kind = PYTHON.get(type(value))
    return kind in types or (kind == "integer" and "number" in types)


def same_kind(values: list[Any]) -> bool:
    kinds = {type(value) for value in values}
    return len(kinds) == 1 and kinds <= {str, int} and len(set(values)) == len(values)


def read_limits(node: Node, kinds: Iterable[str]) -> tuple[tuple[str, Any], ...]:
    known = {key for kind in kinds for key in _LIMITS[kind]}
    found = []
    for key in node.value:
        child = node.get(key) if key in known else None
        if child is not None:
            if not _is_limit(key, child.value):
                child.refuse(f"{child.shown()} cannot be the value of {key}")
            found.append((key, child.value))
    return tuple(found)


def _is_limit(key: str, value: Any) -> bool:
    if key == "pattern":
        return isinstance(value, str)
    if key == "uniqueItems":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) and value >= 0 if key in _COUNTS else True


def annotate(node: Node, base: Schema) -> Schema:
    """Read what a schema says of its place: description, default, flags."""
    node.prose("title", "externalDocs", "$comment")
    node.examples("example", "examples")
    own_write_only = node.flag("writeOnly")
    return evolve(
        base,
        description=node.text("description") or base.description,
        default=_default(node) or base.default,
        read_only=node.flag("readOnly") or base.read_only,
        write_only=own_write_only or base.write_only,
        secret=own_write_only or base.secret,
        deprecated=node.flag("deprecated") or base.deprecated,
    )


def _default(node: Node) -> ir.Default | None:
    default = node.data("default")
    if default is None:
        return None
    value = default.plain()
    reason = mismatch(node.document, node.pointer, value)
    if reason is not None:
        default.refuse(f"the default does not fit its schema: {reason}; correct one of them")
    return ir.Default(value)


def types_of(node: Node) -> list[str]:
    """Return the types under `type`; refuse those that do not exist."""
    child = node.get("type")
    if child is None:
        return []
    listed = child.plain() if isinstance(child.value, list) else [child.value]
    unknown = [name for name in listed if name not in TYPES]
    if unknown or not listed:
        child.refuse(f"type {child.shown()} is not one of {', '.join(TYPES)}")
    return [name for name in listed if name in TYPES]


def excludes_others(node: Node) -> bool:
    """Return whether `additionalProperties` excludes other fields."""
    child = node.get("additionalProperties")
    if child is None or isinstance(child.value, bool):
        return child is not None and not child.value
    node.document.refuse(
        child.line,
        node.pointer,
        f"'additionalProperties' with a schema is not supported; {SUGGESTIONS['additionalProperties']}",
    )
    node.data("additionalProperties")
    return False
