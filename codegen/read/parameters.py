"""Parameters: what the caller gives outside the body."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from attrs import evolve

from codegen import ir
from codegen.diagnostics import PREFIX, show
from codegen.document import Node
from codegen.read.schema_types import field_of
from codegen.read.schemas import Schemas

_STYLES: Final = {"path": "simple", "query": "form", "header": "simple"}
_OWN_HEADERS: Final = frozenset(
    {
        *("accept", "authorization", "proxy-authorization", "cookie", "expect"),
        *("content-type", "content-length", "content-encoding", "accept-encoding"),
        # Those of the connection (RFC 9110, 7.6.1): another value would break the framing of the message.
        *("host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CLIENT: Final = f"{PREFIX}client"
_ROOM: Final = "#/components/parameters/"


def read_parameter(node: Node, schemas: Schemas, name: str) -> tuple[str, str, ir.Parameter | None] | None:
    """Read a parameter.

    Args:
        node: the parameter, or a reference to one.
        schemas: reads its schema.
        name: words for a name, should its type need one.

    Returns:
        Place, wire name and the parameter, or None in its stead if the client fills it; None if it was refused.
    """
    if "$ref" in node:
        return _referred(node, schemas)
    node.kind = "in a parameter"
    wire, place = node.text("name"), node.choice("in", tuple(_STYLES))
    node.examples("example", "examples")
    description, required, deprecated = node.text("description"), node.flag("required"), node.flag("deprecated")
    child = node.get("schema")
    schema = schemas.read(child, f"{name} {wire}") if child is not None else None
    if wire is None or place is None or child is None or schema is None:
        _skip_style(node)
        return None
    check_flat(child, schema.type, where=place)
    if schema.secret:
        child.refuse("a secret in an address or a header would be logged by servers; send it in the body")
    _check_name(node, wire, place)
    joined = _read_style(node, place, schema.type)
    if _is_clients(node, place):
        return place, wire, None
    field = field_of(wire, schema, node.pointer, required=required)
    field = evolve(
        field, description=description or field.description, deprecated=deprecated or field.deprecated, secret=False
    )
    return place, wire, ir.Parameter(location=cast("ir.Location", place), field=field, joined=joined)


def _referred(node: Node, schemas: Schemas) -> tuple[str, str, ir.Parameter | None] | None:
    node.kind = "beside $ref"
    node.prose("summary")
    description = node.text("description")
    target = follow_into(node, schemas, _ROOM)
    if target is None:
        return None
    found = read_parameter(target, schemas, target.pointer.removeprefix(_ROOM))
    if found is None or found[2] is None or description is None:
        return found
    field = evolve(found[2].field, description=description)
    return found[0], found[1], evolve(found[2], field=field)


def follow_into(node: Node, schemas: Schemas, room: str) -> Node | None:
    """Follow a `$ref` that must lead into one room of the components, and not on from there."""
    target = schemas.document.follow(node)
    if target is None:
        return None
    if not target.pointer.startswith(room) or "/" in target.pointer.removeprefix(room) or "$ref" in target:
        node.value["$ref"].refuse(f"must lead to {room}...; put what is meant there")
        return None
    return target


def _skip_style(node: Node) -> None:
    for key in ("style", "explode", CLIENT):
        node.data(key)


def _read_style(node: Node, place: str, found: ir.Type) -> bool:
    """Return whether a list goes into one value, separated by commas."""
    node.choice("style", (_STYLES[place],))
    explode = node.flag("explode") if "explode" in node else place == "query"
    return place == "query" and isinstance(found, ir.Array) and not explode


def _is_clients(node: Node, place: str) -> bool:
    if CLIENT not in node:
        return False
    if not node.flag(CLIENT):
        node.value[CLIENT].refuse("can only be true; remove it")
    if place != "header":
        node.refuse(f"{CLIENT} is for headers: the client sends those from its configuration; remove it")
    return True


def _check_name(node: Node, wire: str, place: str) -> None:
    if place != "header":
        return
    if wire.lower() in _OWN_HEADERS:
        node.refuse(f"the header {show(wire)} is set by the client; remove the parameter")
    if not _TOKEN.fullmatch(wire):
        node.refuse(f"{show(wire)} cannot be the name of a header; use letters, digits and dashes")


def check_flat(node: Node, found: ir.Type, *, where: str) -> None:
    """Refuse a type that has no form as text in a path, a query, a header or a form."""
    sentence = _why_not_flat(found, where)
    if sentence is not None:
        node.refuse(sentence)


def _why_not_flat(found: ir.Type, where: str) -> str | None:
    sentence = None
    match found:
        case ir.Nullable():
            sentence = f"null has no form in a {where}; make it optional instead"
        case ir.Array() if where == "path":
            sentence = "a list in a path is not supported; name a single value"
        case ir.Array(ir.Array()):
            sentence = "a list of lists has no form here; send JSON"
        case ir.Array(item):
            sentence = _why_not_flat(item, where)
        case ir.Union(_, True) if _is_ambiguous(found):
            sentence = "as text, 5 is an integer and a string, which oneOf refuses; write anyOf"
        case ir.Scalar("any"):
            sentence = f"a value in a {where} needs a type; name one"
        case ir.Scalar("object") | ir.Reference():
            sentence = f"an object in a {where} is not supported (deepObject and the like); send JSON, or single fields"
        case ir.OneOrMany():
            sentence = "only a response can be one or many; name one type"
    return sentence


def _is_ambiguous(union: ir.Union) -> bool:
    return any(isinstance(member, ir.Scalar) and member.name == "str" for member in union.members)


def in_path(parameters: list[ir.Parameter], path: str) -> list[ir.Parameter]:
    """Return parameters with those of the path first, in its order."""
    order: dict[Any, int] = {name: number for number, name in enumerate(re.findall(r"\{([^{}]*)\}", path))}
    return sorted(parameters, key=lambda item: order.get(item.field.name, 0) if item.location == "path" else len(order))
