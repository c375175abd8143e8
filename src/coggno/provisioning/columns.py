"""Which column holds which field: by name, however it is spelt, or as `mapping` says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from attrs import frozen

from coggno.provisioning.outcomes import RosterError

FIELDS: Final = ("email", "first_name", "last_name", "login", "password", "group")
_NAMES: Final[Mapping[str, str]] = {
    name: field
    for field, names in {
        "email": "email emailaddress mail",
        "first_name": "firstname givenname forename",
        "last_name": "lastname surname familyname",
        "login": "login loginname username",
        "password": "password",
        "group": "group groups",
    }.items()
    for name in names.split()
}
_COHORT: Final = re.compile(r"cohort\d+")
_REQUIRED: Final = ("email", "first_name", "last_name")


@frozen
class Columns:
    """Positions of the fields in a row; several for `group`.

    Attributes:
        names: the header as it stands.
        places: field -> positions of its columns.
    """

    names: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that no field is read from; they are kept for the results."""
        used = {place for places in self.places.values() for place in places}
        return tuple(name for place, name in enumerate(self.names) if place not in used)

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the columns that results may show: all but the password."""
        return tuple(place for place in range(len(self.names)) if place not in self.places.get("password", ()))

    def value(self, field: str, cells: Sequence[str]) -> str:
        """Return the text of a field that has one column at most; `""` where there is none."""
        places = self.places.get(field, ())
        return cells[places[0]] if places and places[0] < len(cells) else ""

    def values(self, field: str, cells: Sequence[str]) -> list[str]:
        """Return the texts of all columns of a field."""
        return [cells[place] for place in self.places.get(field, ()) if place < len(cells)]


def find_columns(names: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Find the fields' columns.

    Args:
        names: the header.
        mapping: field -> column, for columns with names of their own; comes before the usual names.

    Raises:
        RosterError: a field or column that does not exist, two columns for one field, or a required field without one.
    """
    places: dict[str, tuple[int, ...]] = {field: (_mapped(field, column, names),) for field, column in mapping.items()}
    taken = {place for mapped in places.values() for place in mapped}
    for place, name in enumerate(names):
        field = _field_of(name)
        if field is None or field in mapping or place in taken:
            continue
        if field in places and field != "group":
            first = names[places[field][0]]
            raise RosterError(f"columns {first!r} and {name!r} could both be {field}; say which: --map {field}={name}")
        places[field] = (*places.get(field, ()), place)
    for field in _REQUIRED:
        if field not in places:
            shown = ", ".join(map(repr, names))
            raise RosterError(f"no column for {field}; the columns are {shown}. Say which it is: --map {field}=COLUMN")
    return Columns(tuple(names), places)


def _mapped(field: str, column: str, names: Sequence[str]) -> int:
    if field not in FIELDS:
        raise RosterError(
            f"--map {field}={column}: no such field{_hint(field, FIELDS)}; fields are {', '.join(FIELDS)}"
        )
    folded = [_fold(name) for name in names]
    exact = [place for place, name in enumerate(names) if name == column]
    found = exact or [place for place, name in enumerate(folded) if name == _fold(column)]
    if len(found) != 1:
        what = "no such column" if not found else "several columns of that name"
        raise RosterError(f"--map {field}={column}: {what}{_hint(column, names)}")
    return found[0]


def _hint(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _field_of(name: str) -> str | None:
    folded = _fold(name)
    return "group" if _COHORT.fullmatch(folded) else _NAMES.get(folded)


def _fold(name: str) -> str:
    """`First Name [Required]`, `first_name` and `FirstName` are one."""
    return re.sub(r"[\W_]+", "", re.sub(r"\[required\]|\*", "", name.casefold()))
