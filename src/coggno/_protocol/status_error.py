"""A response whose status is not 2xx becomes an error. Pure; an unreadable body never hides the status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from coggno._protocol import json as _json
from coggno._protocol.masking import mask, mask_headers
from coggno._protocol.operation import Operation
from coggno.errors import APIStatusError, DecodeError, class_for_status, is_markup, outcome_for_status

_CUT: Final = 65_536  # bytes of an error body that engines read
_LONGEST_SECRET: Final = 1024  # bytes, in whatever spelling
_SHOWN: Final = 200  # characters of a body that go into a message
_LONGEST_WAIT: Final = timedelta(days=365)  # what is asked for beyond this is no time that anybody waits


def status_error(
    operation: Operation[Any],
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
) -> APIStatusError:
    """Build the error of a response whose status is not 2xx.

    Args:
        operation: what was called.
        status: the HTTP status.
        headers: the response's headers, names in lower case.
        content: the response's body.
        secrets: texts of the request that must not show, even if the server sends them back.
        now: for a `Retry-After` that is a date; the present time if not given.
    """
    hidden = tuple(secrets)
    if len(content) >= _CUT:
        # The body was cut off there, perhaps within a secret, of which the rest would not be recognized.
        content = content[: _CUT - _LONGEST_SECRET]
    raw = _read(content)
    # The fields are read before anything is masked: a password may be a word such as "message".
    code, message, errors = mask(list(_details(raw)), hidden)
    body = mask(raw, hidden)
    shown = message or ("an HTML page instead of JSON" if isinstance(raw, str) and is_markup(raw) else "")
    shown = shown or (body if isinstance(body, str) else "")
    return class_for_status(status)(
        f"{status}: {_one_line(shown)}" if shown else str(status),
        status_code=status,
        operation=operation.id,
        outcome=outcome_for_status(status),
        code=code,
        errors=errors,
        body=body,
        request_id=mask(headers.get("x-request-id"), hidden),
        retry_after=retry_after(headers.get("retry-after"), now or datetime.now(UTC)),
    )


def complete_decode_error(
    error: DecodeError, status: int, headers: Mapping[str, str], content: Any, secrets: Iterable[str]
) -> None:
    """Give a `DecodeError` what is known of the response.

    Args:
        error: the error.
        status: the HTTP status.
        headers: the response's headers, names in lower case.
        content: the body, or the item that cannot be decoded, as parsed JSON.
        secrets: texts of the request that must not show, even if the server sends them back.
    """
    hidden = tuple(secrets)
    error.status_code, error.headers = status, mask_headers(headers, hidden)
    if isinstance(content, bytes):
        content = content[: _CUT - _LONGEST_SECRET].decode(errors="replace")
    error.body = mask(content, hidden)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read `Retry-After` in both forms, seconds and HTTP date (RFC 9110, 10.2.3); `None` if it is neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        # Seven digits are enough for the longest wait, and a timedelta cannot hold a number of any length.
        return min(timedelta(seconds=int(text[:8])), _LONGEST_WAIT)
    from email.utils import parsedate_to_datetime  # imports most of `email`

    try:
        moment = parsedate_to_datetime(text)
        wait = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    except (ValueError, TypeError, OverflowError):  # the last for years and zones that no date has
        return None
    return min(max(timedelta(0), wait), _LONGEST_WAIT)


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


def _summary(errors: Any, depth: int = 0) -> str | None:
    """`errors` in one line: a text, a list, or an object of field -> text(s)."""
    if isinstance(errors, str):
        return errors
    if depth == 3:  # a message of field and reason has no more levels, and a hostile one as many as it likes
        return None
    if _json.is_array(errors):
        return "; ".join(filter(None, (_summary(item, depth + 1) for item in errors))) or None
    if _json.is_object(errors):
        message = errors.get("message")
        if isinstance(message, str):
            return message
        parts = (f"{name}: {_summary(item, depth + 1) or 'not accepted'}" for name, item in errors.items())
        return "; ".join(parts) or None
    return None


def _one_line(text: str) -> str:
    # Four times what is shown is enough, whatever is dropped: a body may be a line of 64 kB.
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _SHOWN]).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
