"""Which page there is at which path, and who may read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from coggno.sandbox.api import ApiError, ApiKeys, RequestLog, error_response, read_body
from coggno.sandbox.execution import StateLookups
from coggno.sandbox.faults import Faults

from . import control
from .about import about
from .spec import spec_for
from .viewer import CONTENT_SECURITY_POLICY, FILES, docs_page, operation_list, viewer_file

_SECURITY: Final = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}


class Site:
    """The pages of a sandbox.

    Pages that only describe the sandbox are open to everybody. Control pages need an API key: they show logins, and
    faults change what other programs get.

    Args:
        lookups: what is in the sandbox.
        requests: what was requested.
        faults: what goes wrong.
        keys: who may read the control pages.
        max_body_bytes: the largest body that is read.
    """

    def __init__(
        self, lookups: StateLookups, requests: RequestLog, faults: Faults, keys: ApiKeys, *, max_body_bytes: int
    ) -> None:
        self._keys = keys
        self._max_body_bytes = max_body_bytes
        self._pages: dict[tuple[str, str], Callable[[str], Response]] = {
            ("GET", "/"): self._about,
            ("GET", "/_sandbox"): self._about,
            ("GET", "/_sandbox/"): self._about,
            ("GET", "/docs"): self._docs,
            ("GET", "/docs/operations"): self._operations,
            ("GET", "/openapi.yaml"): self._spec,
        }
        self._control: dict[tuple[str, str], Callable[[bytes, str | None], Any]] = {
            ("GET", "/_sandbox/state"): lambda _, __: control.state(lookups, requests),
            ("GET", "/_sandbox/effects"): lambda _, __: control.effects(lookups),
            ("GET", "/_sandbox/requests"): lambda _, __: control.recent_requests(requests),
            ("GET", "/_sandbox/faults"): lambda _, __: control.active_faults(faults),
            ("POST", "/_sandbox/faults"): lambda body, kind: control.add_fault(faults, body, kind),
            ("DELETE", "/_sandbox/faults"): lambda body, kind: control.remove_faults(faults, body, kind),
        }

    async def page(self, request: Request) -> Response | None:
        """Return the page that is requested, or why it is refused; None if there is no such page.

        Raises:
            ClientDisconnect: the client is gone before the end of the body.
        """
        wanted = (request.method, request.scope["path"])
        if wanted in self._pages:
            return self._pages[wanted](address_of(request))
        if wanted in self._control:
            try:
                return JSONResponse(await self._controlled(request))
            except ApiError as error:
                return error_response(error).render("sandbox-control")
        return _file(request)

    async def _controlled(self, request: Request) -> Any:
        # Before the body is read: without a key nothing is buffered.
        self._keys.account(request.headers.get("authorization"))
        body = await read_body(request, self._max_body_bytes)
        return self._control[request.method, request.scope["path"]](body, request.headers.get("content-type"))

    def _about(self, address: str) -> Response:
        return PlainTextResponse(about(address, self._keys.example))

    def _docs(self, address: str) -> Response:
        return HTMLResponse(docs_page(address, self._keys.example), headers=_SECURITY)

    def _operations(self, address: str) -> Response:
        return HTMLResponse(operation_list(address, self._keys.example), headers=_SECURITY)

    def _spec(self, address: str) -> Response:
        return PlainTextResponse(spec_for(address, self._keys.example), media_type="application/yaml")


def address_of(request: Request) -> str:
    """Return where the client reached the sandbox, from the `Host` header, which was checked."""
    host = request.headers.get("host", "localhost")
    # What is not a plain name or address is not repeated on a page.
    plain = all(character.isalnum() or character in ".-:[]_" for character in host) and host.isascii()
    return f"{request.url.scheme}://{host if plain else 'localhost'}"


def _file(request: Request) -> Response | None:
    folder, _, name = request.scope["path"].rpartition("/")
    content = viewer_file(name) if request.method == "GET" and folder == "/docs" else None
    # The bundle never changes while the sandbox runs, and it is 1.7 MB.
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return None if content is None else Response(content, headers=headers, media_type=FILES[name])
