"""Schemas become types, and objects become models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import define, evolve, field, frozen

from codegen import ir
from codegen.diagnostics import PREFIX, SUGGESTIONS, show
from codegen.document import Document, Node
from codegen.validation import mismatch

ANY: Final = ir.Scalar("any")
_FORMS: Final = ("$ref", "allOf", "anyOf", "oneOf", "const", "enum")
_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_PYTHON: Final[dict[type, str]] = {str: "string", int: "integer", bool: "boolean"}

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


@define
class _Parts:
    """An object while its parts are put together."""

    fields: dict[str, ir.Field] = field(factory=dict)
    required: list[tuple[str, Node]] = field(factory=list)
    closed: list[Node] = field(factory=list)
    objects: int = 0
    trail: set[str] = field(factory=set)


@define(eq=False)
class Schemas:
    """Reads schemas; the same place twice is the same thing."""

    document: Document
    choices: dict[str, ir.Choice] = field(factory=dict)
    _done: dict[str, Schema] = field(factory=dict)
    _open: set[str] = field(factory=set)
    _objects: dict[str, tuple[Node, str, str]] = field(factory=dict)
    _models: dict[str, ir.Model] = field(factory=dict)

    def read(self, node: Node, name: str) -> Schema:
        """Read a schema.

        Args:
            node: where it stands.
            name: words for a name, if it turns out to need one.
        """
        if node.pointer in self._done:
            return self._done[node.pointer]
        if node.pointer in self._open:
            node.refuse("is made of itself; put an object with properties in between")
            return Schema()
        self._open.add(node.pointer)
        schema = self._read(node, name)
        self._open.discard(node.pointer)
        self._done[node.pointer] = schema
        return schema

    def model(self, reference: ir.Reference) -> ir.Model:
        """Return the model that a reference stands for."""
        if reference.pointer not in self._models:
            node, name, description = self._objects[reference.pointer]
            self._models[reference.pointer] = self._build(node, name, description)
        return self._models[reference.pointer]

    def models(self) -> list[ir.Model]:
        """Return all models, in the order of the document."""
        seen = 0
        while seen < len(self._objects):
            for pointer in list(self._objects)[seen:]:
                self.model(ir.Reference(pointer))
                seen += 1
        ordered = sorted(self._objects.items(), key=lambda entry: entry[1][0].line)
        return [self._models[pointer] for pointer, _ in ordered]

    def _read(self, node: Node, name: str) -> Schema:
        if isinstance(node.value, bool):
            if not node.value:
                node.refuse("a schema that is false allows nothing; remove it")
            return Schema()
        if not node.is_mapping:
            node.refuse("a schema must be a mapping")
            return Schema()
        self._definitions(node)
        form = next((key for key in _FORMS if key in node), "type")
        readers: dict[str, Callable[[Node, str], Schema]] = {
            "$ref": self._reference,
            "allOf": self._all_of,
            "anyOf": self._any_of,
            "oneOf": self._one_of,
            "const": self._constant,
            "enum": self._choice,
            "type": self._by_type,
        }
        return self._annotate(node, readers[form](node, name))

    def _definitions(self, node: Node) -> None:
        for name, child in node.children("$defs"):
            self.read(child, name)

    def _annotate(self, node: Node, base: Schema) -> Schema:
        node.prose("title", "externalDocs", "$comment")
        node.examples("example", "examples")
        own_write_only = node.flag("writeOnly")
        return evolve(
            base,
            description=node.text("description") or base.description,
            default=self._default(node) or base.default,
            read_only=node.flag("readOnly") or base.read_only,
            write_only=own_write_only or base.write_only,
            secret=own_write_only or base.secret,
            deprecated=node.flag("deprecated") or base.deprecated,
        )

    def _default(self, node: Node) -> ir.Default | None:
        default = node.data("default")
        if default is None:
            return None
        value = default.plain()
        reason = mismatch(self.document, node.pointer, value)
        if reason is not None:
            default.refuse(f"the default does not fit its schema: {reason}; correct one of them")
        return ir.Default(value)

    def _reference(self, node: Node, _: str) -> Schema:
        node.kind = "beside $ref, because it would change what is referred to"
        target = self.document.follow(node)
        if target is None:
            return Schema()
        name = _name_of(target.pointer)
        if name is None:
            node.value["$ref"].refuse("refer to a schema under components/schemas or $defs; move it there")
            return Schema()
        schema = self.read(target, name)
        return evolve(schema, description="") if _is_model(schema.type) else schema

    def _all_of(self, node: Node, name: str) -> Schema:
        node.kind = "beside allOf"
        members = node.elements("allOf")
        alone = not {"properties", "required", "additionalProperties", "type"} & set(node.value)
        if len(members) == 1 and alone:
            return self.read(members[0], name)
        return self._object(node, name)

    def _object(self, node: Node, name: str) -> Schema:
        self._objects[node.pointer] = (node, name, node.text("description") or "")
        return Schema(type=ir.Reference(node.pointer))

    def _any_of(self, node: Node, name: str) -> Schema:
        node.kind = "beside anyOf"
        return self._either(node, node.elements("anyOf"), name, exclusive=False)

    def _one_of(self, node: Node, name: str) -> Schema:
        node.kind = "beside oneOf"
        members = node.elements("oneOf")
        promised = node.choice(f"{PREFIX}returns", ("one", "many"))
        pair = self._one_or_many(members, name)
        if pair is None:
            if promised is not None:
                node.refuse(f"{PREFIX}returns belongs beside oneOf of an object and an array of that object")
                return Schema()
            return self._either(node, members, name, exclusive=True)
        if promised is None:
            if f"{PREFIX}returns" not in node:
                node.refuse(f"one or many, and which of both is promised? Add {PREFIX}returns: one | many")
            return Schema(type=pair)
        return Schema(type=ir.OneOrMany(pair, "one" if promised == "one" else "many"))

    def _one_or_many(self, members: list[Node], name: str) -> ir.Reference | None:
        if len(members) != 2 or not any(member.is_mapping and "items" in member for member in members):
            return None
        types = [self.read(member, name).type for member in members]
        one = next((found for found in types if isinstance(found, ir.Reference)), None)
        return one if one is not None and ir.Array(one) in types else None

    def _either(self, node: Node, members: list[Node], name: str, *, exclusive: bool) -> Schema:
        rest = [member for member in members if not self._is_null(member)]
        if not rest:
            node.refuse("allows nothing but null; name another type")
            return Schema()
        schemas = [self.read(member, name) for member in rest]
        base = schemas[0] if len(schemas) == 1 else self._union(node, schemas, exclusive=exclusive)
        return nullable(base) if len(rest) < len(members) else base

    def _is_null(self, node: Node) -> bool:
        if not node.is_mapping or "type" not in node or node.value["type"].value != "null":
            return False
        node.get("type")
        self._annotate(node, Schema())
        return True

    def _union(self, node: Node, schemas: list[Schema], *, exclusive: bool) -> Schema:
        types = tuple(schema.type for schema in schemas)
        kinds = [_json_kind(member) for member in types]
        if None in kinds or len(set(kinds)) < len(kinds):
            node.refuse(
                "a choice of unlike things is not supported, only null, scalars of different types, and "
                f"one-or-many with {PREFIX}returns; write one schema for each form, with an operation of its own"
            )
            return Schema()
        if {"integer", "number"} <= set(kinds):
            node.refuse("number includes integer; keep number")
        return Schema(
            type=ir.Union(types, exclusive),
            limits=tuple(limit for schema in schemas for limit in schema.limits),
            secret=any(schema.secret for schema in schemas),
            write_only=any(schema.write_only for schema in schemas),
        )

    def _constant(self, node: Node, _: str) -> Schema:
        node.kind = "beside const"
        child = node.data("const")
        value: Any = child.plain() if child is not None else None
        if type(value) not in _PYTHON:
            node.refuse(f"const {show(value)} is not supported, only text, integers and booleans")
            return Schema()
        types = self._types(node)
        if types and not _fits(value, types):
            node.refuse(f"const {show(value)} is not of type {show(types)}; correct one of them")
        return Schema(type=ir.Constant(value))

    def _choice(self, node: Node, name: str) -> Schema:
        node.kind = "beside enum"
        child = node.data("enum")
        listed = child.plain() if child is not None else None
        if not isinstance(listed, list):
            node.refuse("enum must be a list")
            return Schema()
        values = [value for value in listed if value is not None]
        if not _same_kind(values):
            node.refuse("an enum holds texts or integers, each once (and null); write it so, or leave it out")
            return Schema()
        self._check_choice(node, listed)
        choice = ir.Choice(node.pointer, name, tuple(values))
        self.choices[node.pointer] = choice
        return nullable(Schema(type=choice)) if None in listed else Schema(type=choice)

    def _check_choice(self, node: Node, listed: list[Any]) -> None:
        types = self._types(node)
        wrong = [value for value in listed if types and not _fits(value, types)]
        if wrong:
            node.refuse(f"the enum value {show(wrong[0])} is not of type {show(types)}; correct one of them")
        if "null" in types and None not in listed:
            node.refuse("null is in type and not in enum, so it is not allowed; add it there or remove it here")

    def _types(self, node: Node) -> list[str]:
        child = node.get("type")
        if child is None:
            return []
        listed = child.plain() if isinstance(child.value, list) else [child.value]
        unknown = [name for name in listed if name not in _TYPES]
        if unknown or not listed:
            child.refuse(f"type {child.shown()} is not one of {', '.join(_TYPES)}")
        return [name for name in listed if name in _TYPES]

    def _by_type(self, node: Node, name: str) -> Schema:
        if "type" not in node:
            node.kind = "in a schema without type, const, enum, $ref, allOf, anyOf or oneOf; name the type"
            return Schema()
        types = self._types(node)
        kinds = [kind for kind in types if kind != "null"]
        if not kinds:
            if types:
                node.refuse("allows nothing but null; name another type")
            return Schema()
        base = self._of_kind(node, kinds[0], name) if len(kinds) == 1 else self._of_kinds(node, kinds)
        return nullable(base) if "null" in types else base

    def _of_kind(self, node: Node, kind: str, name: str) -> Schema:
        node.kind = f"in a schema of type {kind}"
        if kind == "object":
            return self._any_object(node, name)
        limits = _read_limits(node, [kind])
        if kind == "array":
            return self._array(node, name, limits)
        known = FORMATS.get(kind, {})
        text = node.text("format")
        if text is not None and text not in known:
            node.value["format"].refuse(f"the format {show(text)} is not supported for {kind}; leave it out")
        plain: Any = _PLAIN[kind]
        return Schema(
            type=ir.Scalar(known.get(text, plain) if text else plain),
            limits=(("format", text), *limits) if text else limits,
            secret=text == "password",
        )

    def _of_kinds(self, node: Node, kinds: list[str]) -> Schema:
        node.kind = "in a schema of several types"
        members: list[Any] = [ir.Scalar(_PLAIN[kind]) for kind in kinds if kind in _PLAIN]  # type: ignore[arg-type]
        if len(members) < len(kinds):
            node.refuse("several types are supported for scalars only; write one schema for each form")
            return Schema()
        union = self._union(node, [Schema(type=member) for member in members], exclusive=False)
        return evolve(union, limits=_read_limits(node, kinds))

    def _array(self, node: Node, name: str, limits: tuple[tuple[str, Any], ...]) -> Schema:
        items = node.get("items")
        item = self.read(items, f"{name} item") if items is not None else Schema()
        if isinstance(item.type, ir.OneOrMany):
            node.refuse("only an answer can be one or many; name what the list holds")
            return Schema()
        return Schema(type=ir.Array(item.type), limits=limits, secret=item.secret, write_only=item.write_only)

    def _any_object(self, node: Node, name: str) -> Schema:
        extra = node.value.get("additionalProperties")
        is_closed = extra is not None and extra.value is False
        if "properties" in node or is_closed or "required" in node:
            return self._object(node, name)
        self._additional(node)
        return Schema(type=ir.Scalar("object"))

    def _additional(self, node: Node) -> bool:
        """Return whether other fields are excluded."""
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

    def _build(self, node: Node, name: str, description: str) -> ir.Model:
        parts = _Parts()
        self._collect(node, name, parts)
        if parts.objects > 1:
            for closed in parts.closed:
                closed.refuse("additionalProperties: false inside allOf excludes the fields of the others; remove it")
        _check_names(parts.required, parts.fields, "required")
        required = {wanted for wanted, _ in parts.required}
        return ir.Model(
            pointer=node.pointer,
            name=name,
            description=description,
            fields=tuple(evolve(item, required=item.name in required) for item in parts.fields.values()),
            base=self._base(node),
        )

    def _base(self, node: Node) -> str | None:
        """Return the pointer of the object that an `allOf` extends: the one `$ref` among its members."""
        members = node.value["allOf"].value if "allOf" in node else []
        referring = [member for member in members if "$ref" in member] if isinstance(members, list) else []
        target = self.document.find(str(referring[0].value["$ref"].value)) if len(referring) == 1 else None
        return target.pointer if target is not None else None

    def _collect(self, node: Node, name: str, parts: _Parts) -> None:
        if node.pointer in parts.trail:
            node.refuse("allOf leads back to itself; remove one of the two")
            return
        parts.trail.add(node.pointer)
        if not node.is_mapping:
            node.refuse("a part of allOf must be a mapping")
        elif "$ref" in node:
            self._collect_reference(node, parts)
        else:
            self._collect_own(node, name, parts)

    def _collect_reference(self, node: Node, parts: _Parts) -> None:
        self._annotate(node, Schema())
        node.kind = "beside $ref, because it would change what is referred to"
        target = self.document.follow(node)
        name = _name_of(target.pointer) if target is not None else None
        if target is not None and name is not None:
            self._collect(target, name, parts)
        elif target is not None:
            node.value["$ref"].refuse("refer to a schema under components/schemas or $defs; move it there")

    def _collect_own(self, node: Node, name: str, parts: _Parts) -> None:
        node.kind = "in an object"
        types = self._types(node)
        if types not in ([], ["object"]) and len(parts.trail) > 1:
            node.refuse(f"allOf joins objects only, not {show(types)}; use $ref or one schema")
        self._annotate(node, Schema())
        for member in node.elements("allOf"):
            self._collect(member, name, parts)
        for wire, child in node.children("properties"):
            self._add(parts, wire, child, f"{name} {wire}")
        parts.objects += 1 if "properties" in node else 0
        parts.required += node.texts("required")
        if self._additional(node):
            parts.closed.append(node.value["additionalProperties"])

    def _add(self, parts: _Parts, wire: str, node: Node, name: str) -> None:
        schema = self.read(node, name)
        if isinstance(schema.type, ir.OneOrMany):
            node.refuse("only an answer can be one or many; name the type of the property")
            schema = Schema()
        new = field_of(wire, schema, node.pointer)
        old = parts.fields.setdefault(wire, new)
        if evolve(old, pointer="", description="") != evolve(new, pointer="", description=""):
            node.refuse(f"the property {show(wire)} stands in two parts of allOf and differs; keep one of them")


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


def _is_model(found: ir.Type) -> bool:
    return isinstance(found.type if isinstance(found, ir.Nullable) else found, ir.Reference)


def _name_of(pointer: str) -> str | None:
    """Return the name of a schema that may be referred to."""
    *_, room, name = pointer.split("/")
    is_named = room in {"$defs", "schemas"} and pointer.startswith("#/components/schemas/")
    return name.replace("~1", "/").replace("~0", "~") if is_named else None


def _json_kind(found: ir.Type) -> str | None:
    if not isinstance(found, ir.Scalar):
        return None
    kinds = {"int": "integer", "float": "number", "bool": "boolean", "any": None, "object": None}
    return kinds.get(found.name, "string")


def _fits(value: Any, types: list[str]) -> bool:
    if value is None:
        return "null" in types
    kind = _PYTHON.get(type(value))
    return kind in types or (kind == "integer" and "number" in types)


def _same_kind(values: list[Any]) -> bool:
    kinds = {type(value) for value in values}
    return len(kinds) == 1 and kinds <= {str, int} and len(set(values)) == len(values)


def _read_limits(node: Node, kinds: Iterable[str]) -> tuple[tuple[str, Any], ...]:
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


def _check_names(names: list[tuple[str, Node]], fields: dict[str, ir.Field], keyword: str) -> None:
    for name, node in names:
        if name not in fields:
            node.refuse(f"{keyword} names {show(name)}, which is no property; add the property or remove the name")
