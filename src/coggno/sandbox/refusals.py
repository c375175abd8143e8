"""Why a request is refused: a status, a code and the fields at fault (reference: ERRORS). Leaf.

    Refusal
    ├── BadRequest        400  cannot be read: content type, percent encoding, header
    ├── Unauthorized      401  no valid API key
    ├── Forbidden         403  a company this key may not act as
    ├── Missing           404  no such path or resource
    ├── MethodNotAllowed  405  the path exists, the method does not
    └── Invalid           422  understood, but the data will not do

Messages name fields, never values: a value may be a password or a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Refusal(Exception):  # noqa: N818 - an answer rather than an error
    """A request that changes nothing and is answered with an error.

    Args:
        message: what is wrong, in words.
        fields: field name -> what is wrong with it.
        headers: response headers that belong to the refusal.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(
        self, message: str, *, fields: Mapping[str, str] = _NOTHING, headers: Mapping[str, str] = _NOTHING
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields)
        self.headers = dict(headers)


class BadRequest(Refusal):
    """400: the request was unacceptable."""


class Unauthorized(Refusal):
    """401: no valid API key provided."""

    status = 401
    code = "unauthorized"


class Forbidden(Refusal):
    """403: the API key doesn't have permissions to perform the request."""

    status = 403
    code = "forbidden"


class Missing(Refusal):
    """404: the requested resource doesn't exist."""

    status = 404
    code = "not_found"


class MethodNotAllowed(Refusal):
    """405: the path is declared, the method is not."""

    status = 405
    code = "method_not_allowed"


class Invalid(Refusal):
    """422: understood, but cannot be processed because of invalid data."""

    status = 422
    code = "invalid"


def error_body(code: str, message: str, fields: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
    """Return the JSON of an error: `{"error": {"code": ..., "message": ..., "fields": {...}}}`."""
    return {"error": {"code": code, "message": message, "fields": dict(fields)}}
