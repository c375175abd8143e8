"""Which column holds which field: by name, however it is spelt, or as `mapping` says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Self

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
_SECRET: Final = re.compile("passwor[dt]|passwd|passphrase|kennwort")


@frozen
class Columns:
    """Positions of the fields in a row; several for `group`.

    Attributes:
        names: the header as it stands.
        places: field -> positions of its columns.
        secret: positions of the columns that may hold passwords, whether they are read or not.
        visible: indexes of the columns that results may show: all others.
    """

    names: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    secret: tuple[int, ...]
    visible: tuple[int, ...]

    @classmethod
    def of(cls, names: Sequence[str], places: Mapping[str, tuple[int, ...]]) -> Self:
        """Return the columns of a header whose fields were found."""
        read = places.get("password", ())
        secret = tuple(at for at, name in enumerate(names) if at in read or _SECRET.search(fold_name(name)))
        return cls(tuple(names), places, secret, tuple(at for at in range(len(names)) if at not in secret))

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that no field is read from; they are kept for the results."""
        used = {place for places in self.places.values() for place in places}
        return tuple(name for place, name in enumerate(self.names) if place not in used)

    def value(self, field: str, cells: Sequence[str]) -> str:
        """Return the text of a field that has one column at most; `""` where there is none."""
        places = self.places.get(field, ())
        return cells[places[0]] if places and places[0] < len(cells) else ""

    def values(self, field: str, cells: Sequence[str]) -> list[str]:
        """Return the texts of all columns of a field."""
        return [cells[place] for place in self.places.get(field, ()) if place < len(cells)]

    def shown(self, cells: Sequence[str], *, is_shifted: bool) -> tuple[str, ...]:
        """Return the cells that results may show, `""` for those that may not.

        Args:
            cells: of the row.
            is_shifted: the row has too many or too few cells, so that a password may stand in another column: with
                too many it has moved to the right, with too few to the left.
        """
        hidden: frozenset[int] = frozenset()
        if is_shifted and self.secret:
            too_many = len(cells) > len(self.names)
            hidden = frozenset(range(min(self.secret), len(cells)) if too_many else range(max(self.secret) + 1))
        return tuple(cells[place] if place < len(cells) and place not in hidden else "" for place in self.visible)


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
        if field is None or field in mapping or (place in taken and field not in _REQUIRED):
            continue  # `--map login=Email` leaves the address where it is
        if field in places and field != "group":
            first = names[places[field][0]]
            if first == name:
                raise RosterError(f"two columns are called {name!r} and could be {field}: rename one of them")
            raise RosterError(f"columns {first!r} and {name!r} could both be {field}; say which: --map {field}={name}")
        places[field] = (*places.get(field, ()), place)
    missing = [field for field in _REQUIRED if field not in places]
    if missing:
        options = " ".join(f"--map {field}=COLUMN" for field in missing)
        raise RosterError(f"no column for {', '.join(missing)}; {_describe(names)}. Say which it is: {options}")
    return Columns.of(names, places)


def recognised(names: Sequence[str], mapping: Mapping[str, str]) -> int:
    """Return how many of `names` are those of fields: a header has some, whatever stands between its cells."""
    wanted = {fold_name(column) for column in mapping.values()}
    return sum(_field_of(name) is not None or fold_name(name) in wanted for name in names)


def fold_name(name: str) -> str:
    """`First Name [Required]`, `first_name` and `FirstName` are one."""
    return re.sub(r"[\W_]+", "", re.sub(r"\[required\]|\*", "", name.casefold()))


def _describe(names: Sequence[str]) -> str:
    if _is_data(names):
        return "the first line holds an address, so it seems that the line with the columns' names is missing"
    return f"the columns are {', '.join(map(repr, names))}"


def _is_data(names: Sequence[str]) -> bool:
    """Whether the first line is a row of data, which must not show: it may hold a password."""
    return any("@" in name for name in names)


def _mapped(field: str, column: str, names: Sequence[str]) -> int:
    if field not in FIELDS:
        raise RosterError(
            f"--map {field}={column}: no such field{_hint(field, FIELDS)}; fields are {', '.join(FIELDS)}"
        )
    exact = [place for place, name in enumerate(names) if name == column]
    found = exact or [place for place, name in enumerate(names) if fold_name(name) == fold_name(column)]
    if len(found) != 1:
        what = "no such column" if not found else "several columns of that name"
        raise RosterError(f"--map {field}={column}: {what}{_hint(column, names)}")
    return found[0]


def _hint(word: str, known: Sequence[str]) -> str:
    near = [] if _is_data(known) else get_close_matches(word, known, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _field_of(name: str) -> str | None:
    folded = fold_name(name)
    return "group" if _COHORT.fullmatch(folded) else _NAMES.get(folded)
