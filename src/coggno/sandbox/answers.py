"""What is sent back, and what a fault makes of it. No I/O but handing a finished answer to the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, field, frozen
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .connection import MakeError, break_off
from .faults import CutBody, Drop, Empty, Ending, Html, Status, WrongType, damage
from .refusals import Refusal, error_body

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    422: "invalid",
    429: "rate_limited",
}
_PAGE: Final = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


@frozen
class ApiResponse:
    """A status, headers, and JSON, HTML or nothing in the body."""

    status: int
    json: Any = field(default=None, repr=False)
    html: str | None = None
    empty: bool = False
    headers: Mapping[str, str] = _NOTHING

    def response(self, request_id: str) -> Response:
        """Return what a server sends."""
        headers = {**self.headers, "X-Request-Id": request_id}
        if self.empty:
            return Response(status_code=self.status, headers=headers)
        if self.html is not None:
            return Response(self.html, self.status, headers, "text/html")
        body = json.dumps(self.json, ensure_ascii=False, separators=(",", ":"))
        return Response(body.encode(errors="surrogatepass"), self.status, headers, "application/json")


def refused(refusal: Refusal) -> ApiResponse:
    """Return the answer to a request that was refused."""
    body = error_body(refusal.code, refusal.message, refusal.fields)
    return ApiResponse(refusal.status, body, headers=refusal.headers)


def injected(ending: Status | Html) -> ApiResponse:
    """Return an answer that has nothing to do with the request."""
    phrase = _phrase(ending.code)
    if isinstance(ending, Html):
        return ApiResponse(ending.code, html=_PAGE.format(f"{ending.code} {phrase}"))
    retry_after = {} if ending.retry_after is None else {"Retry-After": str(ending.retry_after)}
    return ApiResponse(ending.code, error_body(_CODES.get(ending.code, "server_error"), phrase), headers=retry_after)


def forestalled(ending: Ending | None) -> ApiResponse | None:
    """Return the answer of a fault that strikes before the request does anything; None if it is to be done."""
    if not isinstance(ending, Status | Html | Drop) or ending.after:
        return None
    # Of a dropped connection nobody sees the answer.
    return ApiResponse(503, empty=True) if isinstance(ending, Drop) else injected(ending)


def altered(answer: ApiResponse, ending: Ending | None) -> ApiResponse:
    """Return what a fault makes of an answer once the request has taken effect."""
    if isinstance(ending, Status | Html):
        return injected(ending)
    if isinstance(ending, Empty) and answer.status < 300:
        return ApiResponse(ending.code, empty=True)
    if isinstance(ending, WrongType) and answer.status < 300:
        return evolve(answer, json=damage(answer.json, ending.field))
    return answer


async def send_part(
    response: Response, cut: CutBody, scope: Scope, receive: Receive, send: Send, *, error: MakeError
) -> None:
    """Announce a whole response, send part of its body and break the connection.

    Raises:
        Exception: what `error` makes, if there is no socket to break.
    """
    kept = bytes(response.body)[: int(len(response.body) * cut.keep)]
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": kept, "more_body": True})
    await break_off(scope, receive, reset=cut.reset, error=error)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Error"
