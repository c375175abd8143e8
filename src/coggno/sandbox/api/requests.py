"""Reading a request: its host, its body within bounds, and the operation it is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote

from attrs import field, frozen
from starlette.requests import Request
from starlette.types import Scope

from .authentication import presented_key
from .calls import SandboxOperation
from .errors import ApiError, BodyTooLargeError, ForbiddenError, UnknownHostError
from .forms import SECRETS, Pairs, identity, read_form, read_pairs
from .routes import find_operation

ANY_HOST: Final = "*"
_USER_INFO: Final = re.compile("(?<=://)[^/]*(?=@)")
_HIDDEN: Final = "***"
_SHORTEST_KEY: Final = 6


@frozen
class ReceivedRequest:
    """A request as far as it could be read; the parts that could not be are the error to respond with."""

    operation: SandboxOperation
    path: Mapping[str, str]
    form: Pairs | ApiError = field(repr=False)
    query: Pairs | ApiError = field(repr=False)
    raw_path: str
    authorization: str | None = field(repr=False)
    company: str | None

    def values(self) -> frozenset[str]:
        """Return the values of path and form, without the secret ones."""
        values = {value for name, value in fields_of(self.form) if name not in SECRETS}
        return frozenset(values.union(self.path.values()))

    def identity(self) -> str:
        """Return what tells this request from another one; no secret is part of it."""
        # The company tells requests apart. The key does too, but it is a secret.
        return f"{self.operation.id} {self.raw_path} {self.company} {identity(fields_of(self.form))}"


def fields_of(pairs: Pairs | ApiError) -> Pairs:
    """Return the fields, or none if they could not be read."""
    return [] if isinstance(pairs, ApiError) else pairs


def read_request(request: Request, body: bytes) -> ReceivedRequest:
    """Return the request with the operation it is for.

    Raises:
        ApiError: it is for no operation.
    """
    path = raw_path(request.scope)
    operation, parameters = find_operation(request.method, path)
    headers = request.headers
    return ReceivedRequest(
        operation,
        parameters,
        _or_error(lambda: read_form(body, headers.get("content-type"))),
        _or_error(lambda: read_pairs(request.scope["query_string"], "query")),
        path.decode("ascii"),
        headers.get("authorization"),
        # Joined: a header given twice is no id, and taking either would be a guess.
        ",".join(headers.getlist("coggno-lms")) if "coggno-lms" in headers else None,
    )


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request, of which never more than `limit` bytes and one chunk are in memory.

    Raises:
        BodyTooLargeError: the body is, or is announced to be, larger.
        ClientDisconnect: the client is gone before the end of the body.
    """
    announced = request.headers.get("content-length", "")
    # Compared by length first: int() raises ValueError for thousands of digits.
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise _too_large(limit)
    # What comes without a length is counted as it comes. The rest of a body that is too large is never kept: the
    # server reads on and discards it, so that the client gets to read the response.
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def check_host(host: str | None, allowed: frozenset[str]) -> None:
    """Refuse a request that was meant for another host.

    A web page can make the name of its own host resolve to 127.0.0.1 and then read the responses of a server on this
    machine (DNS rebinding). Its requests carry that name, so only names that cannot be rebound are accepted: loopback
    names and IP addresses, and those in `allowed`.

    Args:
        host: the `Host` header; without one there is no browser.
        allowed: further names, in lower case; `*` accepts all.

    Raises:
        UnknownHostError: the name is none of these.
    """
    if host is None or ANY_HOST in allowed:
        return
    name = host_name(host)
    if _is_local(name) or name in allowed:
        return
    raise UnknownHostError(
        "the Host header is not a name of this sandbox: use localhost or an IP address, or pass its name in "
        "allowed_hosts (command line: --allow-host)"
    )


def check_origin(origin: str | None, allowed: frozenset[str]) -> None:
    """Refuse a request that a web page of another site sends.

    A browser that was asked for a key sends it with every request to the sandbox, also with those of a foreign page.

    Args:
        origin: the `Origin` header; only browsers send one.
        allowed: further names, in lower case; `*` accepts all.

    Raises:
        ForbiddenError: the page is not served from this machine.
    """
    if origin is None or ANY_HOST in allowed:
        return
    name = host_name(origin.partition("://")[2])
    if not (_is_local(name) or name in allowed):
        raise ForbiddenError("web pages of other sites may not use this sandbox")


def host_name(host: str) -> str:
    """Return the name in a `Host` header: in lower case, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def raw_path(scope: Scope) -> bytes:
    """Return the path as it was sent; rebuilt from the decoded one if the server does not keep it."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]).encode() if raw is None else raw


def path_for_log(request: Request) -> str:
    """Return the path as it was sent, without the API key, should it be part of it."""
    path = raw_path(request.scope).decode("ascii", errors="backslashreplace")
    # A proxy's client sends the whole URL, and a URL may have a key in front of its host.
    path = _USER_INFO.sub(_HIDDEN, path)
    key = presented_key(request.headers.get("authorization"))
    # A short user name is no key, and would be found in every path.
    if len(key) >= _SHORTEST_KEY:
        path = path.replace(key, _HIDDEN).replace(quote(key, safe=""), _HIDDEN)
    return path


def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _or_error(read: Callable[[], Pairs]) -> Pairs | ApiError:
    # Kept for later: a fault may decide the response before anything is refused.
    try:
        return read()
    except ApiError as error:
        return error


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"the body is larger than {limit} bytes, the most that this sandbox reads")
