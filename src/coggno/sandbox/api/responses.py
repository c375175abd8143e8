"""Responses before they are sent: a status, headers and a body. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen
from starlette.responses import Response

from .errors import ApiError, error_body

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@frozen
class ApiResponse:
    """A status, headers, and JSON, text or nothing in the body."""

    status: int
    json: Any = field(default=None, repr=False)
    text: str | None = None
    """Sent instead of JSON, if set."""
    media_type: str = "text/html"
    """Of `text`."""
    empty: bool = False
    headers: Mapping[str, str] = _NOTHING

    def render(self, request_id: str) -> Response:
        """Return what a server sends."""
        headers = {**self.headers, "X-Request-Id": request_id}
        if self.empty:
            return Response(status_code=self.status, headers=headers)
        if self.text is not None:
            return Response(self.text, self.status, headers, self.media_type)
        body = json.dumps(self.json, ensure_ascii=False, separators=(",", ":"))
        # A form may smuggle in half of a surrogate pair; the response shows it rather than failing with a 500.
        return Response(body.encode(errors="surrogatepass"), self.status, headers, "application/json")


def error_response(error: ApiError) -> ApiResponse:
    """Return the response to a request that is refused."""
    body = error_body(error.code, error.message, error.fields)
    return ApiResponse(error.status, body, headers=error.headers)
