"""What a row must fulfil before anything is sent, and what looks wrong without being it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen

SHORTEST_PASSWORD: Final = 6  # reference: Create User
LONGEST_PASSWORD: Final = 40
_INVISIBLE: Final = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+([.,]\d+)?E[+-]?\d+", re.IGNORECASE)


@frozen(kw_only=True)
class Person:
    """A row's wish, as it will be sent."""

    email: str
    first_name: str
    last_name: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    groups: tuple[str, ...] = ()

    @property
    def sent_login(self) -> str:
        """The login that the user will have: the e-mail address where none is given (reference: Create User)."""
        return self.login if self.login is not None else self.email

    @property
    def key(self) -> str:
        """What makes two rows the same user: the login, trimmed, NFC and case-folded."""
        return fold(self.sent_login)


def fold(text: str) -> str:
    """Return `text` for comparing logins and names."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def problems(person: Person, *, needs_password: bool) -> Iterator[str]:
    """Yield what keeps a row from being sent, each naming its field and never showing a password."""
    for name in ("email", "first_name", "last_name"):
        value: str = getattr(person, name)
        if not value:
            yield f"{name} is empty"
    if person.email and not _is_email(person.email):
        yield "email is not an address"
    for name, text in _texts(person):
        yield from _text_problems(name, text)
    if person.sent_login.strip() in {".", ".."}:
        yield "login cannot be '.' or '..'"
    if person.password is None:
        if needs_password:
            yield "password is missing"
    elif not SHORTEST_PASSWORD <= len(person.password) <= LONGEST_PASSWORD:
        yield f"password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, has {len(person.password)}"


def warnings(person: Person) -> Iterator[str]:
    """Yield what looks damaged, as spreadsheets do it; it is sent as it stands."""
    for name, text in _texts(person):
        if _SCIENTIFIC.fullmatch(text):
            yield f"{name} {text!r} looks like a number that a spreadsheet has rounded"


def _texts(person: Person) -> Iterator[tuple[str, str]]:
    yield "email", person.email
    yield "first_name", person.first_name
    yield "last_name", person.last_name
    if person.login is not None:
        yield "login", person.login
    for group in person.groups:
        yield "group", group


def _text_problems(name: str, text: str) -> Iterator[str]:
    if "\0" in text or any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        yield f"{name} has a control character"
    elif name in {"email", "login"} and _INVISIBLE.search(text):
        yield f"{name} has an invisible character (zero-width or no-break space)"


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and not any(character.isspace() for character in text)
