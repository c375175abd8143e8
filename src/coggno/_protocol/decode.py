"""What an answer means: a 2xx body becomes a model, anything else an error. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote_plus

from coggno._protocol import converter as _serialize
from coggno._protocol import json as _json
from coggno._protocol.operation import Operation
from coggno.errors import APIStatusError, DecodeError, class_for_status, outcome_for_status

T = TypeVar("T")

_SHOWN: Final = 200  # characters of a body that go into a message
_MASK: Final = "***"
_SHORTEST: Final = 6  # characters of a password (reference: Create User)
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


def _page(content: bytes) -> str | None:
    return "an HTML page instead of JSON" if looks_like_html(content) else None


def _decode_text(operation: Operation[Any], content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        reason = _json.describe(error)
    raise DecodeError(f"the answer is {reason}", operation=operation.id)


def status_error(
    operation: Operation[Any],
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
) -> APIStatusError:
    """Build the error of an answer whose status is not 2xx. An unreadable body never hides the status.

    Args:
        operation: what was called.
        status: the HTTP status.
        headers: the answer's headers, names in lower case.
        content: the answer's body.
        secrets: texts of the request that must not show, even if the server sends them back.
        now: for a `Retry-After` that is a date; the present time if not given.
    """
    raw = _read(content)  # read before anything is masked: a password may be a word such as "message"
    code, message, errors = mask(list(_details(raw)), secrets)
    body = mask(raw, secrets)
    shown = message or _page(content) or (body if isinstance(body, str) else "")
    return class_for_status(status)(
        f"{status}{_colon(_shorten(shown))}",
        status_code=status,
        operation=operation.id,
        outcome=outcome_for_status(status),
        code=code,
        errors=errors,
        body=body,
        request_id=headers.get("x-request-id"),
        retry_after=retry_after(headers.get("retry-after"), now or datetime.now(UTC)),
    )


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read `Retry-After` in both forms, seconds and HTTP date (RFC 9110, 10.2.3); `None` if it is neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(timedelta(0), moment.replace(tzinfo=moment.tzinfo or UTC) - now)


def mask(value: Any, secrets: Iterable[str]) -> Any:
    """Replace every secret inside JSON data or a text by `***`, as it is and as it stands in a form or in JSON.

    One that is too short for a password is only replaced where it stands alone: it would tear every sentence apart.
    """
    forms = {form for secret in secrets if secret for form in (secret, quote_plus(secret), json.dumps(secret)[1:-1])}
    if not forms:
        return value
    return _mask(value, re.compile("|".join(map(_alternative, sorted(forms, key=len, reverse=True)))))


def _alternative(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _SHORTEST else rf"(?<!\w){escaped}(?!\w)"


def _mask(value: Any, secret: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return secret.sub(_MASK, value)
    if _json.is_array(value):
        return [_mask(item, secret) for item in value]
    if _json.is_object(value):
        return {_mask(key, secret): _mask(item, secret) for key, item in value.items()}
    return value


def _read(content: bytes) -> Any:
    if not content.strip():
        return None
    try:
        return _json.parse(content)
    except ValueError:
        return content.decode(errors="replace")


def _details(body: Any) -> tuple[str | None, str | None, Any]:
    """Return code, message and details of the shapes that servers use (the reference documents none)."""
    if not _json.is_object(body):
        return None, None, body if _json.is_array(body) else None
    error: Any = body.get("error")
    inner = error if _json.is_object(error) else {}
    code = _first_text(inner.get("code"), body.get("code"), body.get("error_code"))
    errors = next((item for item in (body.get("errors"), inner.get("errors"), inner.get("fields")) if item), None)
    message = _first_text(
        inner.get("message"), error, body.get("message"), body.get("detail"), _summary(body.get("errors"))
    )
    return code, message, errors


def _first_text(*values: Any) -> str | None:
    for value in values:
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _summary(errors: Any) -> str | None:
    """`errors` in one line: a text, a list, or an object of field -> text(s)."""
    if isinstance(errors, str):
        return errors
    if _json.is_array(errors):
        return "; ".join(filter(None, map(_summary, errors))) or None
    if _json.is_object(errors):
        message = errors.get("message")
        if isinstance(message, str):
            return message
        return "; ".join(f"{name}: {_summary(item) or 'not accepted'}" for name, item in errors.items()) or None
    return None


def _shorten(text: str) -> str:
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _colon(text: str) -> str:
    return f": {text}" if text else ""
