"""What a row must fulfil before anything is sent. Pure."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Final

from coggno._generated import operations
from coggno._protocol.constraints import is_email
from coggno.provisioning.roster.person import Person

_PASSWORD: Final = operations.CREATE_USER.constraints["form.password"]
SHORTEST_PASSWORD: Final = _PASSWORD.min_length or 0  # characters (reference: Create User)
LONGEST_PASSWORD: Final = _PASSWORD.max_length or sys.maxsize
INVISIBLE: Final = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def problems(person: Person, *, needs_password: bool) -> Iterator[str]:
    """Yield what keeps a row from being sent, each naming its field and never showing a password.

    Args:
        person: the user whom the row asks for.
        needs_password: whether a missing password is a problem.
    """
    for name in ("email", "first_name", "last_name"):
        value: str = getattr(person, name)
        if not value:
            yield f"{name} is missing"
    if person.email and not is_email(person.email):
        yield "email is not a valid address"
    # Control characters and invisible ones are not printable, and nearly every row has none.
    if not "".join([text for _, text in texts(person)]).isprintable():
        for name, text in texts(person):
            yield from _text_problems(name, text)
    # In the path of a URL these would mean another resource.
    if person.effective_login.strip() in {".", ".."}:
        yield "login cannot be '.' or '..'"
    yield from _password_problems(person.password, is_needed=needs_password)


def texts(person: Person) -> Iterator[tuple[str, str]]:
    """Yield name and text of all fields but the password."""
    yield "email", person.email
    yield "first_name", person.first_name
    yield "last_name", person.last_name
    if person.login is not None:
        yield "login", person.login
    if person.company is not None:
        yield "company", person.company
    for group in person.groups:
        yield "group", group


def _text_problems(name: str, text: str) -> Iterator[str]:
    if _has_control(text):
        yield f"{name} contains a control character"
        return
    # In names they are only warned of: some scripts need them. A login with one could never be typed.
    hidden = INVISIBLE.search(text) if name in {"email", "login"} else None
    if hidden is not None:
        yield f"{name} contains an invisible character (U+{ord(hidden[0]):04X}, a zero-width or no-break space)"


def _password_problems(password: str | None, *, is_needed: bool) -> Iterator[str]:
    if password is None:
        if is_needed:
            yield "password is missing"
        return
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        limits = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD}"
        yield f"password must have {limits} characters, and has {len(password)}"
    if _has_control(password):
        yield "password contains a control character"


def _has_control(text: str) -> bool:
    # `isprintable` is a fast check that most texts pass; Cs are surrogates, which UTF-8 cannot encode.
    return not text.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
