"""The document is read into the intermediate form; whatever is not understood is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve

from codegen import ir
from codegen.diagnostics import show
from codegen.document import Document, Node
from codegen.read import model_usage
from codegen.read.bodies import read_body, read_response
from codegen.read.extensions import check_settles
from codegen.read.operations import Operations
from codegen.read.parameters import read_parameter
from codegen.read.schemas import Schemas

_VERSION: Final = "3.1."


def read_api(document: Document) -> ir.Api:
    """Read a whole document.

    What is not supported is noted in `document`; the result is of use only if nothing was.
    """
    root = document.root
    root.kind = "at the top of the file"
    root.prose("info", "servers", "tags", "externalDocs")
    root.get("openapi")
    _read_security(root)
    schemas = Schemas(document)
    operations = Operations(document, schemas)
    paths = root.get("paths")
    if paths is not None and paths.is_mapping:
        operations.read(paths)
    else:
        root.refuse("there is no operation; add paths")
    _read_components(root, schemas)
    return _assemble(document, schemas, operations.found)


def _assemble(document: Document, schemas: Schemas, found: list[ir.Operation]) -> ir.Api:
    models = {model.pointer: model for model in schemas.models()}
    check_settles(document, found, models)
    used, pointers = model_usage.assign(document, found, models)
    operations = (
        evolve(item, body=evolve(item.body, secrets=model_usage.secrets(item.body, models))) if item.body else item
        for item in found
    )
    return ir.Api(
        operations=tuple(operations),
        models=tuple(used.values()),
        choices=tuple(choice for pointer, choice in schemas.choices.items() if pointer in pointers),
    )


def is_supported_version(document: Document) -> bool:
    """Refuse another version of OpenAPI; one that is not named is left to the validator."""
    root = document.root
    node = root.value.get("openapi", root.value.get("swagger")) if root.is_mapping else None
    if node is not None and not str(node.value).startswith(_VERSION):
        node.refuse(f"the version {node.shown()} is not supported; describe the API in OpenAPI {_VERSION}x")
        return False
    return True


def _read_security(root: Node) -> None:
    schemes = _schemes(root)
    requirements = root.elements("security")
    if "security" in root and not requirements:
        root.value["security"].refuse("an empty list means requests without a key; name the scheme")
    if len(requirements) > 1:
        root.value["security"].refuse("alternatives are not supported: all operations use the same key; keep one")
    for requirement in requirements:
        entries = requirement.items()
        if len(entries) != 1:
            requirement.refuse("must name one scheme")
        for name, scopes in entries:
            if name not in schemes:
                requirement.refuse(f"the scheme {show(name)} is not declared; add it under components/securitySchemes")
            if scopes.plain():
                scopes.refuse("HTTP basic has no scopes; write []")


def _schemes(root: Node) -> set[str]:
    components = root.get("components")
    found = components.children("securitySchemes") if components is not None else []
    for _, node in found:
        node.kind = "in a security scheme"
        node.prose("description")
        if (node.text("type"), node.text("scheme")) != ("http", "basic"):
            node.refuse("only HTTP basic is supported, because the client uses it; write type: http, scheme: basic")
            for key in ("name", "in", "bearerFormat", "flows", "openIdConnectUrl"):
                node.data(key)
    return {name for name, _ in found}


def _read_components(root: Node, schemas: Schemas) -> None:
    """Read all components, so that what no operation uses is understood, too."""
    components = root.get("components")
    if components is None:
        return
    components.kind = "under components"
    components.prose("headers")
    components.examples("examples")
    readers: dict[str, Callable[[Node, Schemas, str], Any]] = {
        "schemas": _read_schema,
        "parameters": read_parameter,
        "requestBodies": read_body,
        "responses": read_response,
    }
    for room, read in readers.items():
        for name, node in components.children(room):
            read(node, schemas, name)


def _read_schema(node: Node, schemas: Schemas, name: str) -> None:
    schemas.read(node, name)
