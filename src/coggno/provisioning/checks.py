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
_JOINERS: Final = "\u200c\u200d"  # belong into names of some scripts, such as Persian and Hindi
_NO_ADDRESS: Final = re.compile(r"[\s,;:<>()]")
_DAMAGE: Final = {
    "a number that a spreadsheet has rounded": re.compile(r"[+-]?\d+([.,]\d+)?E[+-]?\d+", re.IGNORECASE),
    "an error of a spreadsheet": re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)|#{3,}", re.IGNORECASE),
}
_DATES: Final = {
    # 1982 to 2064, as days since 1900
    "a date that a spreadsheet has made a number": re.compile(r"[3-5]\d{4}"),
    "a date that a spreadsheet has made of a text": re.compile(
        r"\d{1,2}-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|"
        r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}",
        re.IGNORECASE,
    ),
}


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

    def has_names(self, first_name: str, last_name: str) -> bool:
        """Whether these are the person's names; how accents are encoded and words are spaced makes no difference."""
        return (plain(self.first_name), plain(self.last_name)) == (plain(first_name), plain(last_name))


def fold(text: str) -> str:
    """Return `text` for comparing logins: trimmed, NFC, case-folded."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def plain(text: str) -> str:
    """Return `text` for comparing names: NFC, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def group_key(name: str) -> str:
    """Return what makes two names the same group: case and spacing make no difference."""
    return plain(name).casefold()


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
    yield from _password_problems(person.password, is_needed=needs_password)


def warnings(person: Person) -> Iterator[str]:
    """Yield what looks damaged, as spreadsheets do it, or is not to be seen; it is sent as it stands."""
    for name, text in _texts(person):
        kinds = {**_DAMAGE, **_DATES} if name in {"first_name", "last_name", "group"} else _DAMAGE
        for kind, pattern in kinds.items():
            if pattern.fullmatch(text):
                yield f"{name} {text!r} looks like {kind}"
        if name not in {"email", "login"} and _INVISIBLE.search(text.translate(dict.fromkeys(map(ord, _JOINERS)))):
            yield f"{name} {text!a} has an invisible character (zero-width or no-break space)"
    if person.password is not None and person.password != person.password.strip():
        yield "password begins or ends with a space, which is sent as it stands"


def _texts(person: Person) -> Iterator[tuple[str, str]]:
    yield "email", person.email
    yield "first_name", person.first_name
    yield "last_name", person.last_name
    if person.login is not None:
        yield "login", person.login
    for group in person.groups:
        yield "group", group


def _text_problems(name: str, text: str) -> Iterator[str]:
    if _has_control(text):
        yield f"{name} has a control character"
        return
    hidden = _INVISIBLE.search(text) if name in {"email", "login"} else None
    if hidden is not None:
        yield f"{name} has an invisible character (U+{ord(hidden[0]):04X}, zero-width or no-break space)"


def _password_problems(password: str | None, *, is_needed: bool) -> Iterator[str]:
    if password is None:
        if is_needed:
            yield "password is missing"
        return
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        yield f"password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, has {len(password)}"
    if _has_control(password):
        yield "password has a control character"


def _has_control(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def _is_email(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and not _NO_ADDRESS.search(text)
