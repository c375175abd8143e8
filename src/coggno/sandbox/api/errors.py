"""Error responses: a status, a code and the fields that are wrong (reference: ERRORS).

    ApiError
    ├── MalformedRequestError   400  cannot be read: content type, percent encoding, header
    ├── UnauthorizedError       401  no valid API key
    ├── ForbiddenError          403  a company this key may not act as
    ├── PathNotFoundError       404  the reference declares no such path
    ├── MethodNotAllowedError   405  the path exists, the method does not
    ├── BodyTooLargeError       413  more than the sandbox reads
    ├── UnknownHostError        421  a Host header that is not the sandbox's
    └── InvalidFieldsError      422  understood, but the fields are wrong

Messages name fields, never values: a value may be a password or a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from coggno.sandbox.state import RecordNotFoundError, StateError

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class ApiError(Exception):
    """A request that changes nothing and gets an error response.

    Args:
        message: what is wrong, in words.
        fields: field name -> what is wrong with it.
        headers: response headers that belong to the error.
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


class MalformedRequestError(ApiError):
    """400: the request was unacceptable."""


class UnauthorizedError(ApiError):
    """401: no valid API key provided."""

    status = 401
    code = "unauthorized"


class ForbiddenError(ApiError):
    """403: the API key doesn't have permissions to perform the request."""

    status = 403
    code = "forbidden"


class PathNotFoundError(ApiError):
    """404: the requested resource doesn't exist."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(ApiError):
    """405: the path is declared, the method is not."""

    status = 405
    code = "method_not_allowed"


class BodyTooLargeError(ApiError):
    """413: the body is larger than the sandbox reads."""

    status = 413
    code = "body_too_large"


class UnknownHostError(ApiError):
    """421: the request was meant for another host."""

    status = 421
    code = "unknown_host"


class InvalidFieldsError(ApiError):
    """422: understood, but cannot be processed because of invalid data."""

    status = 422
    code = "invalid"


def from_state_error(error: StateError) -> ApiError:
    """Return the error response for a change or a lookup that is not possible."""
    # The real API has the same status for a path and for a record that does not exist.
    kind = PathNotFoundError if isinstance(error, RecordNotFoundError) else InvalidFieldsError
    return kind(error.message, fields=error.fields)


def error_body(code: str, message: str, fields: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
    """Return the JSON of an error: `{"error": {"code": ..., "message": ..., "fields": {...}}}`."""
    return {"error": {"code": code, "message": message, "fields": dict(fields)}}
