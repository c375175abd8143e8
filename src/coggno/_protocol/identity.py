"""When two logins, e-mail addresses, names or groups are the same: the one rule that everything uses.

The API documents none, so the rule is the widest that servers commonly follow: outer white space, letter case and the
way accents are encoded make no difference. What is sent is always the caller's own spelling.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")
# Letters that Unicode does not take apart, and the letters beside which a reader of a list looks for them.
_BASE_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th"})


def login_key(login: str) -> str:
    """Return the text by which logins and e-mail addresses are compared: trimmed, case-folded, NFC."""
    if login.isascii():  # nearly every one: nothing to normalize
        return login.strip().lower()
    # Folding can decompose ("İ" becomes "i" and a combining dot), so the text is normalized on both sides of it.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", login.strip()).casefold())


def same_login(one: str, other: str) -> bool:
    """Return whether two logins, or e-mail addresses, belong to one user."""
    return login_key(one) == login_key(other)


def is_like_an_id(login: str) -> bool:
    """Return whether a login is all digits, so that the server takes it for a user's id (reference: Retrieve User)."""
    text = login.strip()
    return text.isascii() and text.isdigit()


def begins_like_an_id(login: str) -> bool:
    """Return whether a server could take a login for an id: many read a number, with its sign, from the beginning."""
    # A phone number such as "+49 170 1234" is the id 49 to Ruby, PHP and MySQL.
    return login.lstrip("+- \t\r\n\v\f\xa0")[:1].isdigit()


def text_key(text: str) -> str:
    """Return the text by which values of an unknown kind are compared: trimmed, single spaces, case-folded, NFC."""
    return login_key(" ".join(text.split()))


def alphabetical(text: str) -> tuple[str, str]:
    """Return what texts are compared by to put them in an order for people: Österreich comes after Oslo.

    Orders, and nothing else: texts with different accents are never the same.
    """
    folded = text_key(text)
    if folded.isascii():
        return folded, folded
    apart = unicodedata.normalize("NFKD", folded.translate(_BASE_LETTERS))
    return "".join(char for char in apart if not unicodedata.combining(char)), folded


def name_key(name: str) -> str:
    """Return the text by which names of people are compared: NFC, with single spaces. Letter case counts."""
    spaced = " ".join(name.split())
    return spaced if spaced.isascii() else unicodedata.normalize("NFC", spaced)


def group_key(name: str) -> str:
    """Return the text by which names of groups are compared: spacing and letter case make no difference."""
    return text_key(name)


def named(items: Iterable[T], name: str, name_of: Callable[[T], str | None]) -> list[T]:
    """Return the items that a group's name stands for.

    Names are not unique. An exact spelling wins over one that differs in case or spacing, so that two groups whose
    names differ in case only can both be reached.

    Args:
        items: groups, or what has the name of one.
        name: the name that is wanted.
        name_of: returns an item's name.
    """
    key = group_key(name)
    # A server that is read tolerantly may send a group without a name.
    texts = [(item, text) for item in items if isinstance(text := name_of(item), str)]
    alike = [(item, text) for item, text in texts if group_key(text) == key]
    exact = [item for item, text in alike if text == name]
    return exact or [item for item, _ in alike]
