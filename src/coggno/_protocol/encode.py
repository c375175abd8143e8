"""A `Request` becomes bytes: path quoting, query, form and JSON. Pure, and refuses what cannot be sent safely."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast, get_args
from urllib.parse import quote, quote_plus, urlencode

from coggno._config import header_problem
from coggno._protocol import constraints
from coggno._protocol import converter as _serialize
from coggno._protocol.operation import UNSET, Method, Request
from coggno._protocol.values import is_uuid
from coggno.errors import InvalidRequestError

_PARAMETER: Final = re.compile(r"\{([^{}]+)\}")
_CONTROL: Final = frozenset(map(chr, [*range(32), 127]))
_LARGEST: Final = 10**100  # far beyond any id; Python refuses to print numbers of thousands of digits
_PATH: Final = re.compile(r"/(?![/\\])(?!\.\.?(?:/|$))(?:(?!/\.\.?(?:/|$))[!\"$->@-~])*")
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9_.~-]")
_PLAIN_SEGMENT: Final = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*")
_METHODS: Final = frozenset(get_args(Method))
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


def target(request: Request[Any]) -> str:
    """Return path and query of a request, from `/api` on.

    Raises:
        InvalidRequestError: a value that is empty, `.` or `..` (HTTP libraries collapse them, and the request would
            reach something else), that breaks a rule of the API's description, or that cannot be sent.
    """
    constraints.check(request)
    operation = request.operation
    # Address and path are joined as text: ".evil.example" or "@evil.example" would make another host of the address.
    if not _is_path(operation.path) or operation.method not in _METHODS:
        raise InvalidRequestError(
            f"{operation.id}: the path must begin with '/', and the method must be an HTTP method"
        )
    path = operation.path
    if "{" in path:
        path = _PARAMETER.sub(lambda match: _segment(match[1], request.path.get(match[1])), path)
    if not request.query:
        return path
    query = _pairs(request.query, operation.joined)
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def body(request: Request[Any]) -> tuple[bytes, str | None]:
    """Return the body and its content type; an absent body is empty and has none."""
    if request.json is not UNSET:
        return _json(request.json), JSON
    if request.form is None:
        return b"", None
    pairs = _pairs(request.form, frozenset())
    if not pairs:
        return b"", None
    return "&".join([f"{_quoted_name(name)}={_quoted(text)}" for name, text in pairs]).encode(), FORM


def header_values(request: Request[Any]) -> dict[str, str]:
    """Return the headers that the caller gave."""
    values = dict(_pairs(request.header, frozenset(request.header)))
    for name, value in values.items():
        problem = header_problem(name, value)
        if problem is not None:
            raise InvalidRequestError(f"{problem} Nothing was sent.")
    return values


@lru_cache(1024)  # an operation has one path, and the pattern takes a microsecond
def _is_path(path: str) -> bool:
    return _PATH.fullmatch(path) is not None


def _quoted(text: str) -> str:
    # As `urlencode` does, which takes five times as long.
    return _SPECIAL.sub(_escaped, text) if text.isascii() else quote_plus(text)


_quoted_name = lru_cache(256)(_quoted)  # names are those of the API: the same few for every request


def _escaped(match: re.Match[str]) -> str:
    return "+" if match[0] == " " else f"%{ord(match[0]):02X}"


def _segment(name: str, value: object) -> str:
    text = _text(name, value)
    if _PLAIN_SEGMENT.fullmatch(text):  # most are ids, and all that follows would leave them as they are
        return text
    if not text.strip() or not _CONTROL.isdisjoint(text):
        raise InvalidRequestError(f"{name}: must not be blank or contain control characters. Nothing was sent.")
    # Libraries and gateways collapse dot segments, some after decoding "%2F": the request would reach something else.
    if not {".", ".."}.isdisjoint(re.split(r"[/\\]", text)):
        raise InvalidRequestError(f"{name}: '.' and '..' cannot be part of a path. Nothing was sent.")
    return quote(text, safe="")


def _pairs(values: Mapping[str, Any], joined: frozenset[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, list | tuple):
            texts = [_text(name, item) for item in cast("Sequence[object]", value)]
            if name in joined:
                texts = [_join(name, texts)] if texts else []
            pairs += [(name, text) for text in texts]
        elif value is not None:
            # Most values are such texts, which can be sent as they are.
            is_plain = type(value) is str and value.isascii()
            pairs.append((name, value if is_plain else _text(name, value)))
    return pairs


def _join(name: str, texts: list[str]) -> str:
    # ["a,b"] and ["a", "b"] would be the same to the server.
    if any("," in text for text in texts):
        raise InvalidRequestError(f"{name}: an item must not contain a comma, because commas separate the items")
    return ",".join(texts)


def _text(name: str, value: object) -> str:
    match value:
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case float() if not math.isfinite(value):
            raise InvalidRequestError(f"{name}: {value} is not a finite number")
        case int() if abs(value) >= _LARGEST:
            raise InvalidRequestError(f"{name}: the number has too many digits")
        case int() | float():
            text = str(value)
        case dt.datetime() if value.tzinfo is None:
            # Without a zone the server would guess one.
            raise InvalidRequestError(f"{name}: must have a time zone, as in datetime.now(timezone.utc)")
        case dt.date():
            text = value.isoformat()
        case _ if is_uuid(value):
            text = str(value)
        case _:
            raise InvalidRequestError(f"{name}: {type(value).__name__} is not a type that can be sent here")
    if not _is_encodable(text):
        raise InvalidRequestError(f"{name}: contains an unpaired surrogate, which UTF-8 cannot encode")
    return text


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json(value: object) -> bytes:
    try:
        return json.dumps(_serialize.unstructure(value), allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidRequestError(f"the body cannot be sent as JSON ({type(error).__name__})") from None
