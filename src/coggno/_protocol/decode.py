"""The body of a 2xx response becomes what the operation returns. Pure."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from coggno._protocol import converter, tolerant
from coggno._protocol import json as _json
from coggno._protocol.operation import Operation
from coggno.errors import DecodeError, is_markup

T = TypeVar("T")

_EMPTY: Final = "is empty"


def decode(operation: Operation[T], content: bytes, *, strict: bool = False) -> T:
    """Decode the body of a 2xx response into what the operation returns.

    Args:
        operation: what was called.
        content: the body.
        strict: raise for every value that is not as declared, instead of passing it on as received.

    Raises:
        DecodeError: the body is not JSON, or not what the API describes; names the JSON path, not the value.
    """
    if operation.shape == "none":
        return cast("T", None)
    if operation.shape == "text":
        return cast("T", _decode_text(operation, content))
    if len(content) <= _json.BIG:
        return fit(operation, _parse(operation, content, strict=strict), strict=strict)
    # Paused once for parsing and decoding together: in between the collector would walk over all that was parsed.
    with _json.collector_paused():
        return fit(operation, _parse(operation, content, strict=strict), strict=strict)


def fit(operation: Operation[T], data: Any, *, strict: bool = False) -> T:
    """Turn parsed JSON into what the operation returns; a list of one object counts as that object, and the reverse.

    Raises:
        DecodeError: naming the JSON path of the first value that does not fit.
    """
    if operation.shape == "one" and _json.is_array(data):
        if len(data) != 1:
            sentence = f"the response should hold one object and holds a list of {len(data)}"
            raise DecodeError(sentence, operation=operation.id)
        data = data[0]
    elif operation.shape == "many" and _json.is_object(data):
        data = [data]
    return cast("T", structure(operation, data, operation.returns, strict=strict))


def structure(operation: Operation[Any], data: Any, into: Any, path: str = "$", *, strict: bool = False) -> Any:
    """Turn parsed JSON into a type.

    Args:
        operation: what was called, for the error.
        data: a complete body or one item of a list.
        into: the type.
        path: where `data` is in the body: `$`, or `$[3]` for the fourth item.
        strict: see `decode`.

    Raises:
        DecodeError: naming the JSON path of the first value that does not fit; a stream can go on after that item.
    """
    convert = converter.structure if strict else tolerant.structure
    try:
        return convert(data, into)
    except converter.StructureError as error:
        where, reason = path + error.path[1:], error.reason
    raise DecodeError(
        f"the response is not as the API describes it: {where} {reason}", path=where, operation=operation.id
    )


def _parse(operation: Operation[Any], content: bytes, *, strict: bool) -> Any:
    try:
        return _json.parse(content)
    except ValueError as error:
        reason = str(error)
    if not strict:
        try:
            data = _json.parse_leniently(content)
        except ValueError:
            pass
        else:
            tolerant.report_text(operation.id, reason)
            return data
    reason = _EMPTY if not content.strip() else f"is {_kind(content)} ({reason})"
    raise DecodeError(f"the response {reason}", complete=False, operation=operation.id)


def _kind(content: bytes) -> str:
    return "HTML, not JSON" if is_markup(content.decode(errors="replace")) else "not complete JSON"


def _decode_text(operation: Operation[Any], content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        reason = _json.describe(error)
    raise DecodeError(f"the response is {reason}", operation=operation.id)
