"""Sentences about what is not supported, and how values are shown in a sentence."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

PREFIX: Final = "x-coggno-"
EXTENSIONS: Final = tuple(f"{PREFIX}{name}" for name in ("client", "retry", "returns", "settle"))
_SHOWN: Final = 60  # characters of a value that go into a sentence

SUGGESTIONS: Final = {
    "patternProperties": "list the properties one by one",
    "additionalProperties": "only true and false are; list the properties one by one",
    "propertyNames": "list the properties one by one",
    "unevaluatedProperties": "leave it out: unknown fields are always accepted in responses",
    "unevaluatedItems": "use items",
    "dependentRequired": "say it in the description; the server checks it",
    "dependentSchemas": "write a schema and an operation for each form",
    "minProperties": "say it in the description; the server checks it",
    "maxProperties": "say it in the description; the server checks it",
    "not": "say in the description what is excluded",
    "if": "write a schema and an operation for each form",
    "then": "write a schema and an operation for each form",
    "else": "write a schema and an operation for each form",
    "discriminator": "write a schema and an operation for each form",
    "prefixItems": "use items with one schema, or an object with named fields",
    "contains": "say it in the description; the server checks it",
    "minContains": "say it in the description; the server checks it",
    "maxContains": "say it in the description; the server checks it",
    "contentEncoding": "use plain text",
    "contentMediaType": "use plain text",
    "contentSchema": "use plain text",
    "nullable": "this is OpenAPI 3.0; write type: [..., 'null']",
    "xml": "only JSON, forms and text are supported",
    "$dynamicRef": "use $ref",
    "$dynamicAnchor": "use $ref and components",
    "$anchor": "refer to it by its path, as #/components/schemas/Name",
    "$id": "refer to it by its path, as #/components/schemas/Name",
    "$schema": "the dialect of OpenAPI 3.1 is the only one; leave it out",
    "$vocabulary": "the dialect of OpenAPI 3.1 is the only one; leave it out",
    "definitions": "use $defs or components/schemas",
    "jsonSchemaDialect": "the dialect of OpenAPI 3.1 is the only one; leave it out",
    "callbacks": "this client receives no requests",
    "webhooks": "this client receives no requests",
    "links": "write the connection into the description",
    "servers": "the address belongs to the client's configuration; write servers at the top of the file only",
    "security": "all operations use the same key; write security at the top of the file only",
    "pathItems": "write the path under paths",
    "trace": "use one of the other methods",
    "encoding": "leave it out: lists are sent as repeated fields",
    "content": "use schema",
    "allowReserved": "values are always percent-encoded; leave it out",
    "allowEmptyValue": "leave it out: a parameter without a value is not sent",
    "multipart/form-data": "files cannot be sent; use application/x-www-form-urlencoded or application/json",
}
"""What to do instead of what is not supported."""


def why_not(key: str, kind: str) -> str:
    """Return the sentence that refuses a key; `kind` completes "is not supported ..."."""
    if key.startswith(PREFIX) and key in EXTENSIONS:
        return f"{show(key)} has no meaning {kind}; remove it or move it to where it belongs (see codegen/README.md)"
    if key.startswith("x-"):
        return f"{show(key)} is not one of our extensions{suggest(key, EXTENSIONS)}; correct or remove it"
    suggestion = SUGGESTIONS.get(key, "remove it, or use one of the constructs in codegen/README.md")
    return f"{show(key)} is not supported {kind}; {suggestion}"


def suggest(text: str, known: tuple[str, ...]) -> str:
    """Return "did you mean" with the nearest known text, or nothing."""
    near = get_close_matches(text, known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else ""


def show(value: object) -> str:
    """Return a value on one line, not too long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def printable(text: str) -> str:
    """Return a text with everything escaped that could disturb a terminal or a source file."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
