"""Ids in text, and when two logins are the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias
from unicodedata import normalize

LoginFolding: TypeAlias = bool | Literal["case", "nfc"]
"""Which logins are the same: `False` only equal ones, `"case"` also those that differ in upper and lower case,
`"nfc"` also those that differ in how Unicode composes an accent, `True` both."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_MAX_ID_DIGITS: Final = 18
"""More digits do not fit a signed 64-bit column, and Python refuses to convert 4,300 of them."""


def parse_id(text: str) -> int | None:
    """Return the id in `text`: plain ASCII digits without leading zeros; else None."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS):
        return None
    # "007" is a login, not the id 7: accepting it would give one user two addresses.
    return None if text[0] == "0" and text != "0" else int(text)


def parse_integer(text: str) -> int | None:
    """Return the integer in `text`, or None; -1 for every integer that is too small or too large to be an id."""
    found = parse_id(text)
    return -1 if found is None and _INTEGER.fullmatch(text) else found


def login_key(folding: LoginFolding) -> Callable[[str], str]:
    """Return a function that maps logins which are the same under `folding` to the same text.

    Raises:
        ValueError: `folding` is none of the four values.
    """
    if folding not in _KEYS:
        raise ValueError(f"fold_logins must be True, False, 'case' or 'nfc', not {folding!r}")
    return _KEYS[folding]


def _nfc(login: str) -> str:
    return normalize("NFC", login)


def _case_and_nfc(login: str) -> str:
    # Case folding can take a composed letter apart again, so NFC comes last as well.
    return _nfc(_nfc(login).casefold())


_KEYS: Final[dict[bool | str, Callable[[str], str]]] = {
    False: str,
    True: _case_and_nfc,
    "case": str.casefold,
    "nfc": _nfc,
}
