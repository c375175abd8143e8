"""The body of a 2xx response becomes what the operation returns. Pure."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from coggno._protocol import converter as _serialize
from coggno._protocol import json as _json
from coggno._protocol.operation import Operation
from coggno.errors import DecodeError

T = TypeVar("T")

_EMPTY: Final = "is empty"


def decode(operation: Operation[T], content: bytes) -> T:
    """Decode the body of a 2xx answer into what the operation returns.

    Raises:
        DecodeError: the body is not JSON, or not what the spec promises; names the JSON path, not the value.
    """
    if operation.shape == "none":
        return cast("T", None)
    if operation.shape == "text":
        return cast("T", _decode_text(operation, content))
    return fit(operation, _parse_answer(operation, content))


def fit(operation: Operation[T], data: Any) -> T:
    """Turn parsed JSON into what the operation returns; an object and a list of one object stand for each other.

    Raises:
        DecodeError: naming the JSON path of the first misfit.
    """
    if operation.shape == "one" and _json.is_array(data):
        if len(data) != 1:
            raise DecodeError(f"one object was promised, {len(data)} came", operation=operation.id)
        data = data[0]
    elif operation.shape == "many" and _json.is_object(data):
        data = [data]
    return cast("T", structure(operation, data, operation.returns))


def structure(operation: Operation[Any], data: Any, into: Any, place: str = "$") -> Any:
    """Structure `data`, with the operation's name and, from `place` on, the JSON path in the error."""
    try:
        return _serialize.structure(data, into)
    except _serialize.StructureError as error:
        path, reason = place + error.path[1:], error.reason
    raise DecodeError(f"the answer is not what the spec promises: {path} {reason}", path=path, operation=operation.id)


def _parse_answer(operation: Operation[Any], content: bytes) -> Any:
    try:
        return _json.parse(content)
    except ValueError as error:
        reason = _EMPTY if not content.strip() else f"is {_kind(content)} ({error})"
    raise DecodeError(f"the answer {reason}", complete=False, operation=operation.id)


def _kind(content: bytes) -> str:
    return "HTML, not JSON" if looks_like_html(content) else "not whole JSON"


def looks_like_html(content: bytes) -> bool:
    """Return whether a body is markup: what proxies and error pages send."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _decode_text(operation: Operation[Any], content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        reason = _json.describe(error)
    raise DecodeError(f"the answer is {reason}", operation=operation.id)
