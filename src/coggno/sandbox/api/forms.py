"""Form-encoded bodies and queries: read strictly, and refused when they hold what is not declared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from .errors import InvalidFieldsError, MalformedRequestError

FORM: Final = "application/x-www-form-urlencoded"
SECRETS: Final = frozenset({"password"})
"""Fields whose values are never logged, shown or stored."""

# A body that is no form becomes one odd field name, secrets included; only what looks like a name is shown.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,39}", re.ASCII)
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_MAX_FIELDS: Final = 100
"""The reference declares seven at most; a body of a million fields would only cost time."""

Pairs = list[tuple[str, str]]


def read_form(body: bytes, content_type: str | None) -> Pairs:
    """Return the fields of a body in order; an empty body has none.

    Raises:
        MalformedRequestError: another content type, or a body that is not form-encoded UTF-8.
    """
    if not body:
        return []
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise MalformedRequestError(f"the body must be {FORM}", fields={"Content-Type": f"must be {FORM}"})
    return read_pairs(body, "body")


def read_pairs(text: bytes, location: str) -> Pairs:
    """Return the fields of a form-encoded `text`; its `location` ("body", "query") is for the message.

    Raises:
        MalformedRequestError: it is not form-encoded UTF-8.
    """
    if not text:
        return []
    # parse_qsl keeps a broken escape as text, so that "100%" would pass as a value nobody sent.
    if _BAD_ESCAPE.search(text):
        raise MalformedRequestError(f"the {location} contains a % that is not followed by two hex digits")
    try:
        return parse_qsl(
            text.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        # `from None`: the original error would carry the text.
        raise MalformedRequestError(f"the {location} is not form-encoded UTF-8") from None


def check_fields(pairs: Pairs, query: Pairs, declared: Mapping[str, bool]) -> dict[str, str]:
    """Return the fields by name after comparing them with what an operation declares.

    Args:
        pairs: fields of the body.
        query: fields of the query; no operation of the reference declares one.
        declared: field -> whether it is required.

    Raises:
        InvalidFieldsError: naming every field that is undeclared, repeated, missing or blank.
    """
    values = dict(pairs)
    problems = {_shown(name): "is not declared for the query" for name, _ in query}
    problems |= {_shown(name): "is not declared" for name in values if name not in declared}
    problems |= dict.fromkeys(_repeated(name for name, _ in pairs if name in declared), "is given more than once")
    for name, required in declared.items():
        if required and name not in values:
            problems[name] = "is required"
        # Blanks are characters of a password like any other.
        elif required and name not in SECRETS and not values[name].strip():
            problems[name] = "must not be blank"
    if problems:
        raise InvalidFieldsError("invalid fields: " + ", ".join(sorted(problems)), fields=problems)
    return values


def identity(pairs: Pairs) -> str:
    """Return what tells one body from another, without its secrets."""
    return repr(sorted(pair for pair in pairs if pair[0] not in SECRETS))


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) else "(unreadable)"
