"""What faults make of a response. No I/O but handing a finished response to the server."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from attrs import evolve
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from coggno.sandbox.api import ApiResponse, error_body
from coggno.sandbox.server import MakeError, break_connection

from .actions import CutBody, Drop, Edit, Empty, Ending, Gateway, Html, LateCommit, Status
from .edits import apply_edit

_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    422: "invalid",
    429: "rate_limited",
}
_PAGE: Final = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
_GATEWAY_MESSAGE: Final = {404: "no Route matched with those values"}
"""The message of a widespread gateway for a path it does not know; clients must not take it for "no such user"."""


def response_instead(ending: Ending | None) -> ApiResponse | None:
    """Return the response of a fault that applies before the request takes effect; None if it is carried out."""
    if not isinstance(ending, Status | Html | Gateway | Drop) or ending.after:
        return None
    # The response to a dropped connection is never sent.
    return ApiResponse(503, empty=True) if isinstance(ending, Drop) else injected_response(ending)


def injected_response(ending: Status | Html | Gateway | LateCommit) -> ApiResponse:
    """Return a response that has nothing to do with the request."""
    if isinstance(ending, Html):
        return ApiResponse(ending.code, text=_PAGE.format(f"{ending.code} {_phrase(ending.code)}"))
    if isinstance(ending, Gateway):
        return _gateway_response(ending)
    retry_after = ending.retry_after if isinstance(ending, Status) else None
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = error_body(_CODES.get(ending.code, "server_error"), _phrase(ending.code))
    return ApiResponse(ending.code, body, headers=headers)


def changed_response(response: ApiResponse, ending: Ending | None, edits: list[Edit]) -> ApiResponse:
    """Return what faults make of a response once the request has taken effect."""
    if isinstance(ending, Status | Html | Gateway):
        return injected_response(ending)
    # Errors keep their form: a test that injects an odd user must still be able to read why a call was refused.
    if response.status >= 300:
        return response
    # Before the edits: there is no JSON left to edit.
    if isinstance(ending, Empty):
        return ApiResponse(ending.code, empty=True)
    for edit in edits:
        response = evolve(response, json=apply_edit(edit, response.json))
    return response


async def send_part(
    response: Response, cut: CutBody, scope: Scope, receive: Receive, send: Send, *, error: MakeError
) -> None:
    """Announce a complete response, send part of its body and break the connection.

    Raises:
        Exception: what `error` makes, if there is no socket to break.
    """
    kept = bytes(response.body)[: int(len(response.body) * cut.keep)]
    # The headers are those of the complete response: its Content-Length is what makes the cut noticeable.
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": kept, "more_body": True})
    await break_connection(scope, receive, reset=cut.reset, error=error)


def _gateway_response(ending: Gateway) -> ApiResponse:
    message = _GATEWAY_MESSAGE.get(ending.code, _phrase(ending.code))
    if ending.body == "json":
        return ApiResponse(ending.code, {"message": message})
    if ending.body == "text":
        return ApiResponse(ending.code, text=f"{message}\n", media_type="text/plain")
    return ApiResponse(ending.code, empty=True)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Error"
