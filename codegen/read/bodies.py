"""Bodies of requests and of responses."""

from __future__ import annotations

from typing import Any, Final, Literal

from attrs import evolve, frozen

from codegen import ir
from codegen.diagnostics import show
from codegen.document import Node
from codegen.read.parameters import check_flat, follow_into
from codegen.read.schema_types import Schema
from codegen.read.schemas import Schemas

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"


@frozen(kw_only=True)
class StatusResponse:
    """One status of an operation, read."""

    node: Node
    description: str
    media: Literal["json", "text"] | None = None
    schema: Schema | None = None
    schema_node: Node | None = None
    choices: int = 0
    """How many media types there are."""


def read_body(node: Node, schemas: Schemas, name: str) -> ir.Body | None:
    """Read the body of a request."""
    if "$ref" in node:
        return _referred_body(node, schemas)
    node.kind = "in a body"
    description, required = node.text("description") or "", node.flag("required")
    entries = node.children("content")
    if len(entries) != 1:
        node.refuse(f"a body has one media type, {FORM} or {JSON}; keep one")
        return None
    media, child = entries[0]
    found = _schema(child, schemas, name)
    if _bare(media) not in {FORM, JSON}:
        child.refuse(f"{show(media)} cannot be sent; use {FORM} or {JSON}")
        return None
    if found is None:
        child.refuse("has no schema; add one")
        return None
    schema_node, schema = found
    if isinstance(schema.type, ir.OneOrMany):
        schema_node.refuse("only a response can be one or many; name what is sent")
        return None
    body = ir.Body(pointer=node.pointer, media="json", required=required, type=schema.type, description=description)
    return body if _bare(media) == JSON else _form(evolve(body, media="form"), schema_node, schemas)


def _referred_body(node: Node, schemas: Schemas) -> ir.Body | None:
    node.kind = "beside $ref"
    node.prose("summary")
    description = node.text("description")
    target = follow_into(node, schemas, "#/components/requestBodies/")
    body = read_body(target, schemas, target.pointer.rpartition("/")[2]) if target is not None else None
    return evolve(body, description=description or body.description) if body is not None else None


def _form(body: ir.Body, node: Node, schemas: Schemas) -> ir.Body | None:
    if not isinstance(body.type, ir.Reference):
        node.refuse("a form is an object with properties; write type: object")
        return None
    model = schemas.model(body.type)
    for item in model.fields:
        place = schemas.document.find(item.pointer)
        if place is not None:
            check_flat(place, item.type, where="form")
        if place is not None and "%" in item.name:
            place.refuse("a form field must not have % in its name: servers disagree on how it is decoded; rename it")
        if place is not None and item.read_only:
            place.refuse("is readOnly and part of a form; remove one of the two")
    if not body.required and any(item.required for item in model.fields):
        node.refuse("the body is optional and has required fields; say required: true, or make them optional")
    return evolve(body, fields=model.fields)


def read_response(node: Node, schemas: Schemas, name: str) -> StatusResponse:
    """Read one status of an operation."""
    if "$ref" in node:
        return _referred_response(node, schemas)
    node.kind = "in a response"
    node.prose("headers")
    response = StatusResponse(node=node, description=node.text("description") or "")
    entries = node.children("content")
    for media, child in entries:
        response = _content(response, media, child, schemas, name)
    return evolve(response, choices=len(entries))


def _referred_response(node: Node, schemas: Schemas) -> StatusResponse:
    node.kind = "beside $ref"
    node.prose("summary")
    description = node.text("description") or ""
    target = follow_into(node, schemas, "#/components/responses/")
    if target is None:
        return StatusResponse(node=node, description="")
    response = read_response(target, schemas, target.pointer.rpartition("/")[2])
    return evolve(response, description=description or response.description)


def _content(response: StatusResponse, media: str, node: Node, schemas: Schemas, name: str) -> StatusResponse:
    found = _schema(node, schemas, name)
    kind: Any = _media_kind(media)
    if kind is None:
        node.refuse(f"{show(media)} cannot be read; use {JSON} or text/plain")
    schema_node, schema = found if found is not None else (node, Schema())
    if kind == "text" and found is not None and schema.type != ir.Scalar("str"):
        schema_node.refuse("text is a string; write type: string")
    return evolve(response, media=kind, schema=schema, schema_node=schema_node)


def _media_kind(media: str) -> str | None:
    bare = _bare(media)
    if bare in {JSON, _PROBLEM}:
        return "json"
    return "text" if bare.startswith("text/") else None


def _bare(media: str) -> str:
    return media.partition(";")[0].strip().lower()


def _schema(node: Node, schemas: Schemas, name: str) -> tuple[Node, Schema] | None:
    node.kind = "in a media type"
    node.examples("example", "examples")
    child = node.get("schema")
    return None if child is None else (child, schemas.read(child, name))


def read_responses(node: Node, schemas: Schemas, operation_id: str, method: str) -> ir.Response | None:
    """Read all statuses of an operation and return the response of those that mean success."""
    node.kind = "as a status"
    successes = []
    for status in list(node.value) if node.is_mapping else []:
        if not _is_status(status):
            _refuse_status(node, status)
            continue
        child = node.get(status)
        is_success = status.startswith("2")
        words = f"{operation_id} {'response' if is_success else 'error'}"
        response = read_response(child, schemas, words) if child is not None else None
        if is_success and response is not None:
            successes.append((response, _successful(response, status, method)))
    if not successes:
        node.refuse("has no status of success; add one, such as '200'")
        return None
    first = successes[0][1]
    for response, other in successes[1:]:
        if (other.kind, other.type) != (first.kind, first.type):
            response.node.refuse("the statuses of success have different schemas; give them one schema, by $ref")
    return first


def _is_status(text: str) -> bool:
    return text == "default" or (len(text) == 3 and text.isdecimal() and text[0] in "245")


def _refuse_status(node: Node, status: str) -> None:
    child = node.value[status]
    if status.startswith("x-"):
        return
    node.data(status)
    if len(status) == 3 and status.isdecimal():
        child.refuse(f"the status {status} is never returned: redirects are not followed; remove it")
    else:
        child.refuse(f"{show(status)} is not one status; list the statuses one by one")


def _successful(response: StatusResponse, status: str, method: str) -> ir.Response:
    pointer, description = response.node.pointer, response.description
    if response.choices > 1:
        response.node.refuse("a response has one media type; keep one")
    if response.media is None or response.schema is None or response.schema_node is None:
        return ir.Response(pointer=pointer, kind="none", type=None, description=description)
    if status in {"204", "205"} or method == "HEAD":
        response.node.refuse("such a response has no body; remove content")
    if response.media == "text":
        return ir.Response(pointer=pointer, kind="text", type=ir.Scalar("str"), description=description)
    kind, found = _kind_of(response.schema.type)
    return ir.Response(pointer=pointer, kind=kind, type=found, description=description)


def _kind_of(found: ir.Type) -> tuple[Literal["one", "many", "exact"], ir.Type]:
    match found:
        case ir.OneOrMany(item, promised):
            return promised, item if promised == "one" else ir.Array(item)
        case ir.Reference():
            return "one", found
        case ir.Array(ir.Reference()):
            return "many", found
        case _:
            return "exact", found
