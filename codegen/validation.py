"""The document is validated by openapi-spec-validator, without any access to the network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary

from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import openapi_v31_schema_validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from codegen.diagnostics import printable
from codegen.document import Document, NotReadableError, escape

_SELF: Final = "urn:codegen:document"
_LONGEST: Final = 300  # characters of a finding; it may quote whole parts of the document
_REGISTRIES: Final[WeakKeyDictionary[Document, Registry[Any]]] = WeakKeyDictionary()


def _refuse_to_fetch(address: str) -> Any:
    raise Unresolvable(ref=address)


class _OfflineValidator(OpenAPIV31SpecValidator):
    """The library would fetch what a `$ref` names."""

    resolver_handlers: Any = dict.fromkeys(("", "http", "https", "file", "ftp", "urn"), _refuse_to_fetch)


def check_form(document: Document) -> None:
    """Check the document against the JSON Schema of OpenAPI 3.1.

    Raises:
        NotReadableError: with every finding of the validator and its place.
    """
    findings = [
        _describe(document, error.message, error.absolute_path)
        for error in openapi_v31_schema_validator.iter_errors(document.root.plain())
    ]
    if findings:
        raise NotReadableError([*sorted(findings), *document.noted()])


def check_meaning(document: Document) -> None:
    """Check what the schema cannot say (defaults, schemas of schemas). Call when the readers had no objection.

    Raises:
        NotReadableError: with every finding of the validator.
    """
    findings = list(_schema_errors(document))
    if findings:
        raise NotReadableError(sorted(findings))


def _schema_errors(document: Document) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the validator's own deprecations are not the caller's
            plain = document.root.plain()
            for error in _OfflineValidator(plain).iter_errors():
                # Patterns are those of ECMA 262; Python's `re`, which the library asks, knows no `\p{L}`.
                if getattr(error, "validator_value", None) == "regex":
                    continue
                yield _describe(document, error.message, _path(plain, error))
    except Exception as error:  # noqa: BLE001 - a document that the validator cannot digest is not valid
        yield _describe(document, f"the validator failed ({type(error).__name__}: {error})", [])


def _path(plain: Any, error: Any) -> list[str | int]:
    """Return where an error is in the document: of a schema the library knows the path inside the schema only."""
    found = list(error.absolute_path)
    same = [
        path for path, value in _walk(plain, []) if value is error.instance and path[len(path) - len(found) :] == found
    ]
    return same[0] if len(same) == 1 else found


def _walk(value: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], Any]]:
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _walk(child, [*path, key])


def mismatch(document: Document, pointer: str, value: Any) -> str | None:
    """Return why a value does not fit the schema at a pointer, or None.

    Args:
        document: the document with the schema.
        pointer: the schema.
        value: plain JSON data.
    """
    if document not in _REGISTRIES:
        resource = DRAFT202012.create_resource(document.root.plain())
        _REGISTRIES[document] = Registry().with_resource(_SELF, resource)
    schema = {"$ref": f"{_SELF}#{quote(pointer.removeprefix('#'))}"}
    validator = OAS31Validator(schema, registry=_REGISTRIES[document], format_checker=oas31_format_checker)
    try:
        error = next(validator.iter_errors(value), None)
    except Exception:  # noqa: BLE001 - the schema itself is wrong, and refused for that
        return None
    return None if error is None else _shorten(error.message)


def _describe(document: Document, message: str, path: Any) -> str:
    pointer = "/".join(["#", *(escape(str(part)) for part in path)])
    node = document.find(pointer)
    return document.at(node.line if node is not None else 1, pointer, f"not valid OpenAPI: {_shorten(message)}")


def _shorten(message: str) -> str:
    text = printable(" ".join(message.split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
