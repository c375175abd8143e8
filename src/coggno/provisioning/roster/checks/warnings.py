"""What looks damaged, though it can be sent: as spreadsheets damage it, or with invisible characters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field

from coggno._protocol.identity import is_like_an_id
from coggno.provisioning.roster.checks.validation import INVISIBLE, texts
from coggno.provisioning.roster.column_names import SINGLE, may_be_secret, near_field
from coggno.provisioning.roster.columns import Columns
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.rows import Row

_SHOWN: Final = 20  # warnings; a column of damaged dates would give one for each row
_JOINERS: Final = "\u200c\u200d"  # belong in names of some scripts, such as Persian and Hindi
_SPACE: Final = " \t\r\n\v\f"
_DAMAGE: Final = {
    "a number that a spreadsheet has rounded": re.compile(r"[+-]?\d+([.,]\d+)?E[+-]?\d+", re.IGNORECASE),
    "an error of a spreadsheet": re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)|#{3,}", re.IGNORECASE),
}
_NAMES: Final = frozenset({"first_name", "last_name", "group"})
# All patterns begin like this, or have a hyphen after a month.
_LIKE_DAMAGE: Final = re.compile(r"^(?:[+\-#'0-9]|...-)", re.MULTILINE)
_LOGIN_DAMAGE: Final = {
    "a text with the apostrophe of a spreadsheet": re.compile(r"'.*", re.DOTALL),
    "a text that a spreadsheet has turned into a date": re.compile(
        r"\d{4}-\d{2}-\d{2}|"
        r"\d{1,2}-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|"
        r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}",
        re.IGNORECASE,
    ),
    **_DAMAGE,
}
_TEXT_DAMAGE: Final = {
    # 1982 to 2064, as days since 1900
    "a date that a spreadsheet has turned into a number": re.compile(r"[3-5]\d{4}"),
    **{kind: pattern for kind, pattern in _LOGIN_DAMAGE.items() if "apostrophe" not in kind},
}


@define
class WarningLog:
    """Collects warnings, and counts those that are too many to show."""

    _texts: list[str] = field(factory=list[str])
    _more: int = 0

    def add(self, warnings: Iterable[str]) -> None:
        """Take in warnings."""
        for text in warnings:
            if len(self._texts) < _SHOWN:
                self._texts.append(text)
            else:
                self._more += 1

    def shown(self) -> tuple[str, ...]:
        """Return the warnings to show, and how many more there are."""
        return (*self._texts, *([f"and {self._more} more warnings"] if self._more else []))


def may_be_damaged(values: Iterable[str]) -> bool:
    """Return whether one of the printable values of a row may look damaged, or be a number; most rows have none."""
    return _LIKE_DAMAGE.search("\n".join(values)) is not None


def damage(person: Person) -> Iterator[str]:
    """Yield what looks damaged in a row's values; they are sent as they are."""
    for name, text in texts(person):
        if _LIKE_DAMAGE.match(text) is None and text.isprintable():
            continue
        # Logins are often numbers, names and groups never are; a name may begin with an apostrophe.
        yield from _damage_of(name, text, _TEXT_DAMAGE if name in _NAMES else _LOGIN_DAMAGE)
        if name not in {"email", "login"} and INVISIBLE.search(text.translate(dict.fromkeys(map(ord, _JOINERS)))):
            yield f"{name} {text!a} contains an invisible character (a zero-width or no-break space)"
    if person.password is not None and person.password != person.password.strip():
        yield "password begins or ends with a space, which becomes part of the password"


def damage_of_login(person: Person) -> str | None:
    """Return what looks damaged in the login or the e-mail address of a row, or `None`."""
    for name, text in texts(person):
        if name in {"email", "login"}:
            for found in _damage_of(name, text, _LOGIN_DAMAGE):
                return found
    return None


def _damage_of(name: str, text: str, kinds: Mapping[str, re.Pattern[str]]) -> Iterator[str]:
    for kind, pattern in kinds.items():
        if pattern.fullmatch(text):
            yield f"{name} {text!r} looks like {kind}"


def edges(columns: Columns, cells: Sequence[str]) -> Iterator[str]:
    """Yield which values begin or end with a space that nobody sees; it is removed like an ordinary one."""
    if "".join(cells).isprintable():
        return  # neither no-break spaces nor other invisible characters, as in nearly every row
    for name, value in zip(SINGLE, columns.texts(cells), strict=True):
        # Passwords are sent as they are.
        if name != "password" and value.strip() != value.strip(_SPACE):
            yield f"{name} begins or ends with a no-break space, which is removed"


def suspicions(columns: Columns) -> Iterator[str]:
    """Yield a warning for each column that is not used, and has nearly the name of a field that has no column."""
    for name in columns.unused:
        field = near_field(name)
        if "password" not in columns.indexes and may_be_secret(name):
            yield (
                f"column {name!r} is not used, and no user gets a password from it. "
                "If it has the passwords, call it 'password'"
            )
        elif field is not None and field not in columns.indexes:
            yield f"column {name!r} is not used. Did you mean {field!r}?"


@define
class NumericLogins:
    """Logins that are numbers: one warning, however many there are."""

    _first: tuple[int, str] | None = None

    def note(self, row: Row) -> None:
        """Take in a row."""
        if self._first is None and row.person is not None and is_like_an_id(row.person.effective_login):
            self._first = row.line, row.person.effective_login

    def shown(self) -> Iterator[str]:
        """Yield the warning, if there is a reason for one."""
        if self._first is not None:
            line, login = self._first
            yield (
                f"line {line}: login {login!r} is a number, and others may be too. "
                "Coggno may take it for a user's id, and a spreadsheet may have removed its leading zeros"
            )
