"""Paths become operations."""

from __future__ import annotations

import re
from typing import Final

from attrs import define, field

from codegen import ir
from codegen.diagnostics import show
from codegen.document import Document, Node
from codegen.read.bodies import read_body, read_responses
from codegen.read.extensions import read_retry, read_settle
from codegen.read.parameters import in_path, read_parameter
from codegen.read.schemas import Schemas

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
# Percent-encoded octets are sent as they are; encoded dots and slashes are not, because servers decode them first.
_SAFE_PATH: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!2[EeFf])[0-9A-Fa-f]{2}|\{[^{}/]+\})*)+")
_NAMES: Final = re.compile(r"\{([^{}]*)\}")


@define(eq=False)
class Operations:
    """Reads the operations of a document."""

    document: Document
    schemas: Schemas
    found: list[ir.Operation] = field(factory=list)
    _ids: dict[str, str] = field(factory=dict)
    _shapes: dict[str, str] = field(factory=dict)

    def read(self, node: Node) -> None:
        """Read everything under `paths`."""
        node.kind = "under paths"
        for path in list(node.value):
            child = node.get(path) if not path.startswith("x-") else None
            if child is not None and child.is_mapping:
                self._check_path(child, path)
                self._read_path(child, path)
        if not self.found:
            node.refuse("there is no operation to generate; add one")

    def _check_path(self, node: Node, path: str) -> None:
        if not _SAFE_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")) or "//" in path:
            node.refuse(f"the path {show(path)} cannot be sent as it is; percent-encode it, without dot segments")
        shape = _NAMES.sub("{}", path)
        if shape in self._shapes:
            node.refuse(f"is the same path as {show(self._shapes[shape])}; join them")
        self._shapes[shape] = path

    def _read_path(self, node: Node, path: str) -> None:
        node.kind = "in a path"
        node.prose("summary", "description")
        shared = self._parameters(node, path)
        for method in list(node.value):
            child = node.get(method) if method in _METHODS else None
            if child is not None:
                operation = self._read_operation(child, path, method.upper(), shared)
                if operation is not None:
                    self.found.append(operation)

    def _parameters(self, node: Node, name: str) -> dict[tuple[str, str], ir.Parameter | None]:
        found: dict[tuple[str, str], ir.Parameter | None] = {}
        for child in node.elements("parameters"):
            read = read_parameter(child, self.schemas, name)
            if read is None:
                continue
            place, wire, parameter = read
            if (place, wire) in found:
                child.refuse(f"the parameter {show(wire)} occurs twice here; remove one")
            found[place, wire] = parameter
        return found

    def _read_operation(
        self, node: Node, path: str, method: str, shared: dict[tuple[str, str], ir.Parameter | None]
    ) -> ir.Operation | None:
        node.kind = "in an operation"
        node.prose("tags", "externalDocs")
        summary, description = node.text("summary") or "", node.text("description") or ""
        name = self._id(node)
        retry = read_retry(node)
        settle = read_settle(node, retry)
        deprecated = node.flag("deprecated")
        parameters = {**shared, **self._parameters(node, name)}
        self._check_parameters(node, path, parameters)
        body = self._body(node, name, method)
        responses = node.get("responses")
        if responses is None:
            node.refuse("has no responses; add them")
            return None
        response = read_responses(responses, self.schemas, name, method)
        if response is None:
            return None
        return ir.Operation(
            pointer=node.pointer,
            id=name,
            method=method,
            path=path,
            description=description or summary,
            deprecated=deprecated,
            retry=retry,
            settle=settle,
            parameters=tuple(in_path([item for item in parameters.values() if item is not None], path)),
            body=body,
            response=response,
        )

    def _id(self, node: Node) -> str:
        name = node.text("operationId")
        if not name:
            node.refuse("has no operationId; add one: it names the function")
            return node.pointer
        if name in self._ids:
            node.value["operationId"].refuse(
                f"the operationId {show(name)} is used at {self._ids[name]} already; rename one of the two"
            )
        self._ids[name] = node.pointer
        return name

    def _check_parameters(self, node: Node, path: str, parameters: dict[tuple[str, str], ir.Parameter | None]) -> None:
        in_template = _NAMES.findall(path)
        declared = {name for place, name in parameters if place == "path"}
        for name in sorted(declared - set(in_template)):
            node.refuse(f"the path does not contain the parameter {show(name)}; remove it or add {{{name}}}")
        for name in sorted(set(in_template) - declared):
            node.refuse(f"the parameter {show(name)} of the path is not declared; add it under parameters")
        if len(set(in_template)) < len(in_template):
            node.refuse("a parameter occurs twice in the path; rename one")
        for item in parameters.values():
            if item is not None and item.location == "path" and not item.field.required:
                self.document.refuse_at(item.field.pointer, "a parameter of the path is required; say required: true")

    def _body(self, node: Node, name: str, method: str) -> ir.Body | None:
        child = node.get("requestBody")
        if child is None:
            return None
        body = read_body(child, self.schemas, f"{name} body")
        if method in {"GET", "HEAD"}:
            child.refuse(f"a body has no meaning for {method}; use parameters or another method")
        return body
