"""Form-encoded bodies and queries: read strictly, and refused when they hold what is not declared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from .refusals import BadRequest, Invalid, Refusal

FORM: Final = "application/x-www-form-urlencoded"
SECRETS: Final = frozenset({"password"})
"""Fields whose values go nowhere."""

# A body that is no form becomes one odd field name, secrets included; only what looks like a name is named.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,39}", re.ASCII)
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_MAX_FIELDS: Final = 100

Pairs = list[tuple[str, str]]


def read_form(body: bytes, content_type: str | None) -> Pairs:
    """Return the fields of a body in order; an empty body has none.

    Raises:
        BadRequest: another content type, or a body that is not form-encoded UTF-8.
    """
    if not body:
        return []
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise BadRequest(f"the body must be {FORM}", fields={"Content-Type": f"must be {FORM}"})
    return read_pairs(body, "body")


def read_pairs(text: bytes, where: str) -> Pairs:
    """Return the fields of a form-encoded `text`; `where` it stands is for the message.

    Raises:
        BadRequest: it is not form-encoded UTF-8.
    """
    if not text:
        return []
    if _BAD_ESCAPE.search(text):
        raise BadRequest(f"the {where} holds a % that escapes nothing")
    try:
        return parse_qsl(
            text.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        # `from None`: the error would carry the text.
        raise BadRequest(f"the {where} is not form-encoded UTF-8") from None


def check(pairs: Pairs, query: Pairs, declared: Mapping[str, bool]) -> dict[str, str]:
    """Return the fields by name after comparing them with what an operation declares.

    Args:
        pairs: fields of the body.
        query: fields of the query; no operation of the reference declares one.
        declared: field -> whether it is required.

    Raises:
        Invalid: naming every field that is undeclared, repeated, missing or blank.
    """
    values = dict(pairs)
    faults = {_shown(name): "is not declared for the query" for name, _ in query}
    faults |= {_shown(name): "is not declared" for name in values if name not in declared}
    faults |= dict.fromkeys(_repeated(name for name, _ in pairs if name in declared), "is given more than once")
    for name, required in declared.items():
        if required and name not in values:
            faults[name] = "is required"
        elif required and name not in SECRETS and not values[name].strip():
            faults[name] = "must not be blank"
    if faults:
        raise Invalid("the fields are not what is declared: " + ", ".join(sorted(faults)), fields=faults)
    return values


def identity(pairs: Pairs) -> str:
    """Return what tells one body from another, without its secrets."""
    return repr(sorted(pair for pair in pairs if pair[0] not in SECRETS))


def readable(pairs: Pairs | Refusal) -> Pairs:
    """Return the fields, or none if they could not be read."""
    return [] if isinstance(pairs, Refusal) else pairs


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) else "(unreadable)"
