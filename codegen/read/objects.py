"""Objects become models: their properties, and those of the parts that `allOf` joins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, evolve, field

from codegen import ir
from codegen.diagnostics import show
from codegen.document import Node
from codegen.read.schema_types import Schema, annotate, excludes_others, field_of, name_of, types_of

_OF_A_PROPERTY: Final = ("readOnly", "writeOnly", "default")


def read_object(node: Node, name: str, description: str, read: Callable[[Node, str], Schema]) -> ir.Model:
    """Read an object.

    Args:
        node: the schema of the object.
        name: words for its class.
        description: its description.
        read: reads the schema of a property.
    """
    parts = _Parts(read)
    parts.collect(node, name)
    parts.check()
    deprecated = node.value.get("deprecated")
    return ir.Model(
        pointer=node.pointer,
        name=name,
        description=description,
        fields=parts.joined(),
        base=_base(node),
        deprecated=deprecated is not None and deprecated.value is True,
    )


def _base(node: Node) -> str | None:
    """Return the pointer of the object that an `allOf` extends: the one `$ref` among its members."""
    members = node.value["allOf"].value if "allOf" in node else []
    referring = [member for member in members if "$ref" in member] if isinstance(members, list) else []
    target = node.document.find(str(referring[0].value["$ref"].value)) if len(referring) == 1 else None
    return target.pointer if target is not None else None


@define
class _Parts:
    """An object while its parts are put together."""

    read: Callable[[Node, str], Schema]
    fields: dict[str, ir.Field] = field(factory=dict)
    required: list[tuple[str, Node]] = field(factory=list)
    closed: list[Node] = field(factory=list)
    objects: int = 0
    _done: set[str] = field(factory=set)
    _trail: list[str] = field(factory=list)

    def collect(self, node: Node, name: str) -> None:
        """Take over the fields of a part and of its own parts."""
        if node.pointer in self._trail:
            node.refuse("allOf leads back to itself; remove one of the two references")
        # Two parts may extend the same third one: its fields are there already.
        if node.pointer in self._done:
            return
        self._done.add(node.pointer)
        self._trail.append(node.pointer)
        if not node.is_mapping:
            node.refuse("a part of allOf must be a mapping")
        elif "$ref" in node:
            self._collect_reference(node)
        else:
            self._collect_own(node, name)
        self._trail.pop()

    def check(self) -> None:
        """Refuse what contradicts itself once all parts are known."""
        if self.objects > 1:
            for closed in self.closed:
                closed.refuse("additionalProperties: false inside allOf excludes the fields of the others; remove it")
        for name, node in self.required:
            if name not in self.fields:
                node.refuse(f"required names {show(name)}, which is no property; add the property or remove the name")

    def joined(self) -> tuple[ir.Field, ...]:
        """Return the fields, each required if any part requires it."""
        required = {name for name, _ in self.required}
        return tuple(evolve(item, required=item.name in required) for item in self.fields.values())

    def _collect_reference(self, node: Node) -> None:
        annotate(node, Schema())
        self._check_flags(node)
        node.kind = "beside $ref, because it would change what is referred to"
        target = node.document.follow(node)
        name = name_of(target.pointer) if target is not None else None
        if target is not None and name is not None:
            self.collect(target, name)
        elif target is not None:
            node.value["$ref"].refuse("refer to a schema under components/schemas or $defs; move it there")

    def _collect_own(self, node: Node, name: str) -> None:
        node.kind = "in an object"
        types = types_of(node)
        if types not in ([], ["object"]) and len(self._trail) > 1:
            node.refuse(f"allOf joins objects only, not {show(types)}; use $ref or one schema")
        annotate(node, Schema())
        self._check_flags(node)
        for member in node.elements("allOf"):
            self.collect(member, name)
        for wire, child in node.children("properties"):
            self._add(wire, child, f"{name} {wire}")
        self.objects += 1 if "properties" in node else 0
        self.required += node.texts("required")
        if excludes_others(node):
            self.closed.append(node.value["additionalProperties"])

    def _check_flags(self, node: Node) -> None:
        """Refuse what describes a property inside a part of `allOf`, where it would be lost."""
        # The first node is the object itself; its flags belong to the property that it is the schema of.
        for key in _OF_A_PROPERTY if len(self._trail) > 1 else ():
            if key in node:
                node.value[key].refuse(f"{key} in a part of allOf has no effect; put it beside allOf")

    def _add(self, wire: str, node: Node, name: str) -> None:
        schema = self.read(node, name)
        if isinstance(schema.type, ir.OneOrMany):
            node.refuse("only a response can be one or many; name the type of the property")
            schema = Schema()
        new = field_of(wire, schema, node.pointer)
        old = self.fields.setdefault(wire, new)
        if evolve(old, pointer="", description="") != evolve(new, pointer="", description=""):
            node.refuse(f"two parts of allOf have the property {show(wire)} and differ in it; keep one of them")
