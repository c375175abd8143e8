"""From a method and a path to an operation.

Starlette's router matches the decoded path, in which the `%2F` of a login is a slash like any other. Here the path is
cut into segments as it was sent, and each segment is decoded for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote

from attrs import frozen

from .calls import SandboxOperation
from .errors import MalformedRequestError, MethodNotAllowedError, PathNotFoundError
from .operations import OPERATIONS

PREFIXES: Final = ("/api/v1/", "/capp/api/v1/")
"""Below the test endpoint, and below the live one (reference: ENDPOINTS)."""

_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@frozen
class _PathTemplate:
    parts: tuple[str, ...]
    methods: dict[str, SandboxOperation]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for part, segment in zip(self.parts, segments, strict=True):
            if part[0] == "{":
                found[part[1:-1]] = segment
            elif part != segment:
                return None
        return found


def find_operation(method: str, raw_path: bytes) -> tuple[SandboxOperation, Mapping[str, str]]:
    """Return the operation and its decoded path parameters.

    Args:
        method: as sent; HEAD is not served as GET, since the reference does not declare it.
        raw_path: as sent, percent-encoded, without the query.

    Raises:
        PathNotFoundError: the reference declares no such path.
        MethodNotAllowedError: it declares the path, but not the method.
        MalformedRequestError: the path contains a dot segment, a broken escape or bytes that are not UTF-8.
    """
    segments = _segments(raw_path)
    # Only templates of the same length can match, so that no parameter ever spans two segments.
    for template in _TEMPLATES.get(len(segments), ()):
        parameters = template.match(segments)
        if parameters is not None:
            return _operation(template, method), parameters
    raise PathNotFoundError("the reference declares no such path")


def _operation(template: _PathTemplate, method: str) -> SandboxOperation:
    operation = template.methods.get(method)
    if operation is None:
        allowed = ", ".join(sorted(template.methods))
        raise MethodNotAllowedError("the reference declares no such method for this path", headers={"Allow": allowed})
    return operation


def _segments(raw_path: bytes) -> list[str]:
    try:
        path = raw_path.decode("ascii")
    except UnicodeDecodeError:
        raise MalformedRequestError("the path is not percent-encoded") from None
    for prefix in PREFIXES:
        if path.startswith(prefix):
            return [_decoded(segment) for segment in path[len(prefix) :].split("/")]
    raise PathNotFoundError("the reference declares no such path")


def _decoded(segment: str) -> str:
    # "users//" is not "users/": some servers merge them, and then a client with an empty id lists all users.
    if not segment:
        raise PathNotFoundError("the path has an empty segment")
    if _BAD_ESCAPE.search(segment):
        raise MalformedRequestError("the path contains a % that is not followed by two hex digits")
    try:
        # Once, and "+" stays: it is a space in forms only.
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise MalformedRequestError("the path is not percent-encoded UTF-8") from None
    # A careless client turns "remove user `..` from group 3" into "delete group 3"; here it fails instead.
    if text in {".", ".."}:
        raise MalformedRequestError("the path contains a dot segment: proxies and HTTP libraries collapse it")
    return text


def _templates(operations: Iterable[SandboxOperation]) -> dict[int, list[_PathTemplate]]:
    by_path: dict[str, _PathTemplate] = {}
    for operation in operations:
        template = by_path.setdefault(operation.path, _PathTemplate(tuple(operation.path.split("/")), {}))
        template.methods[operation.method] = operation
    by_length: dict[int, list[_PathTemplate]] = {}
    for template in by_path.values():
        by_length.setdefault(len(template.parts), []).append(template)
    return by_length


_TEMPLATES: Final = _templates(OPERATIONS)
