"""Schemas become types, and objects become models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, evolve, field

from codegen import ir
from codegen.diagnostics import PREFIX, show
from codegen.document import Document, Node
from codegen.read.objects import read_object
from codegen.read.schema_types import (
    FORMATS,
    FORMS,
    PLAIN,
    PYTHON,
    Schema,
    annotate,
    excludes_others,
    fits,
    is_model,
    json_kind,
    name_of,
    nullable,
    read_limits,
    same_kind,
    types_of,
)


@define(eq=False)
class Schemas:
    """Reads schemas; the same pointer is read once."""

    document: Document
    choices: dict[str, ir.Choice] = field(factory=dict)
    _done: dict[str, Schema] = field(factory=dict)
    _open: set[str] = field(factory=set)
    _objects: dict[str, tuple[Node, str, str]] = field(factory=dict)
    _models: dict[str, ir.Model] = field(factory=dict)

    def read(self, node: Node, name: str) -> Schema:
        """Read a schema.

        Args:
            node: the schema.
            name: words for a name, if it turns out to need one.
        """
        if node.pointer in self._done:
            return self._done[node.pointer]
        if node.pointer in self._open:
            node.refuse("refers to itself; put an object with properties in between")
            return Schema()
        self._open.add(node.pointer)
        schema = self._read(node, name)
        self._open.discard(node.pointer)
        self._done[node.pointer] = schema
        return schema

    def model(self, reference: ir.Reference) -> ir.Model:
        """Return the model of a reference."""
        if reference.pointer not in self._models:
            node, name, description = self._objects[reference.pointer]
            self._models[reference.pointer] = read_object(node, name, description, self.read)
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
        form = next((key for key in FORMS if key in node), "type")
        readers: dict[str, Callable[[Node, str], Schema]] = {
            "$ref": self._reference,
            "allOf": self._all_of,
            "anyOf": self._any_of,
            "oneOf": self._one_of,
            "const": self._constant,
            "enum": self._choice,
            "type": self._by_type,
        }
        return annotate(node, readers[form](node, name))

    def _definitions(self, node: Node) -> None:
        for name, child in node.children("$defs"):
            self.read(child, name)

    def _reference(self, node: Node, _: str) -> Schema:
        node.kind = "beside $ref, because it would change what is referred to"
        target = self.document.follow(node)
        if target is None:
            return Schema()
        name = name_of(target.pointer)
        if name is None:
            node.value["$ref"].refuse("refer to a schema under components/schemas or $defs; move it there")
            return Schema()
        schema = self.read(target, name)
        return evolve(schema, description="") if is_model(schema.type) else schema

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
        annotate(node, Schema())
        return True

    def _union(self, node: Node, schemas: list[Schema], *, exclusive: bool) -> Schema:
        types = tuple(schema.type for schema in schemas)
        kinds = [json_kind(member) for member in types]
        if None in kinds or len(set(kinds)) < len(kinds):
            node.refuse(
                "a choice between these types is not supported, only null, scalars of different types, and "
                f"one-or-many with {PREFIX}returns; write a schema and an operation for each form"
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
        if type(value) not in PYTHON:
            node.refuse(f"const {show(value)} is not supported, only text, integers and booleans")
            return Schema()
        types = types_of(node)
        if types and not fits(value, types):
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
        if not same_kind(values):
            node.refuse("an enum holds texts or integers, each once (and null); write it so, or leave it out")
            return Schema()
        self._check_choice(node, listed)
        choice = ir.Choice(node.pointer, name, tuple(values))
        self.choices[node.pointer] = choice
        return nullable(Schema(type=choice)) if None in listed else Schema(type=choice)

    def _check_choice(self, node: Node, listed: list[Any]) -> None:
        types = types_of(node)
        wrong = [value for value in listed if types and not fits(value, types)]
        if wrong:
            node.refuse(f"the enum value {show(wrong[0])} is not of type {show(types)}; correct one of them")
        if "null" in types and None not in listed:
            node.refuse("null is in type and not in enum, so it is not allowed; add it there or remove it here")

    def _by_type(self, node: Node, name: str) -> Schema:
        if "type" not in node:
            node.kind = "in a schema without type, const, enum, $ref, allOf, anyOf or oneOf; name the type"
            return Schema()
        types = types_of(node)
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
        limits = read_limits(node, [kind])
        if kind == "array":
            return self._array(node, name, limits)
        known = FORMATS.get(kind, {})
        text = node.text("format")
        if text is not None and text not in known:
            node.value["format"].refuse(f"the format {show(text)} is not supported for {kind}; leave it out")
        plain: Any = PLAIN[kind]
        return Schema(
            type=ir.Scalar(known.get(text, plain) if text else plain),
            limits=(("format", text), *limits) if text else limits,
            secret=text == "password",
        )

    def _of_kinds(self, node: Node, kinds: list[str]) -> Schema:
        node.kind = "in a schema of several types"
        members: list[Any] = [ir.Scalar(PLAIN[kind]) for kind in kinds if kind in PLAIN]  # type: ignore[arg-type]
        if len(members) < len(kinds):
            node.refuse("several types are supported for scalars only; write one schema for each form")
            return Schema()
        union = self._union(node, [Schema(type=member) for member in members], exclusive=False)
        return evolve(union, limits=read_limits(node, kinds))

    def _array(self, node: Node, name: str, limits: tuple[tuple[str, Any], ...]) -> Schema:
        items = node.get("items")
        item = self.read(items, f"{name} item") if items is not None else Schema()
        if isinstance(item.type, ir.OneOrMany):
            node.refuse("only a response can be one or many; name what the list holds")
            return Schema()
        return Schema(type=ir.Array(item.type), limits=limits, secret=item.secret, write_only=item.write_only)

    def _any_object(self, node: Node, name: str) -> Schema:
        extra = node.value.get("additionalProperties")
        is_closed = extra is not None and extra.value is False
        if "properties" in node or is_closed or "required" in node:
            return self._object(node, name)
        excludes_others(node)
        return Schema(type=ir.Scalar("object"))
