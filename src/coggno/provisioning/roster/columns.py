"""Which column holds which field: by name, however it is written, or as the `mapping` says. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from operator import itemgetter
from typing import Final, Self

from attrs import field, frozen

from coggno.provisioning.errors import RosterError, RosterHint
from coggno.provisioning.roster.column_names import (
    FIELDS,
    SINGLE,
    column_key,
    field_of,
    is_short_name,
    is_user_name,
    is_whole_name,
    keys_of,
    may_be_secret,
)

_ADD_HEADER: Final = "put a line above them that names the columns, such as: first name, last name, email"
_NO_HEADER: Final = (
    f"The line with the names of the columns is missing. If the rows begin in the first line, {_ADD_HEADER}"
)
# Without digits and signs, which a name of a column rarely has, and a password nearly always.
_LIKE_A_NAME: Final = re.compile(r"([^\W\d]|[ _/().*\[\]-])*")
_REQUIRED: Final = ("email", "first_name", "last_name")


@frozen
class Columns:
    """Indexes of the fields in a row; several for `group`.

    Attributes:
        names: the header, as it was read.
        indexes: field -> indexes of its columns.
        secret: indexes of the columns that may hold passwords, whether they are used or not.
        visible: indexes of the columns that results may show: all others.
    """

    names: tuple[str, ...]
    indexes: Mapping[str, tuple[int, ...]]
    secret: tuple[int, ...]
    visible: tuple[int, ...]
    _texts: Callable[[Sequence[str]], tuple[str, ...]] = field(repr=False, eq=False)

    @classmethod
    def of(cls, names: Sequence[str], indexes: Mapping[str, tuple[int, ...]]) -> Self:
        """Return the columns of a header whose fields were found."""
        used = indexes.get("password", ())
        secret = tuple(at for at, name in enumerate(names) if at in used or may_be_secret(name))
        visible = tuple(at for at in range(len(names)) if at not in secret)
        # One call for the fields of a row, since there may be a million rows. A field without a column is at -1.
        texts = itemgetter(*(indexes.get(name, (-1,))[0] for name in SINGLE))
        return cls(tuple(names), indexes, secret, visible, texts)

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that no field is read from; they are kept for the results."""
        used = {index for indexes in self.indexes.values() for index in indexes}
        return tuple(name for index, name in enumerate(self.names) if index not in used)

    def texts(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the texts of the fields that have one column at most, as in `SINGLE`; `""` where there is none."""
        if len(cells) >= len(self.names):
            return self._texts([*cells, ""])
        return self._texts([*cells, *[""] * (len(self.names) - len(cells) + 1)])

    def values(self, name: str, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the texts of all columns of a field."""
        indexes = self.indexes.get(name)
        return tuple([cells[index] for index in indexes if index < len(cells)]) if indexes else ()

    def shown(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the cells that results may show; `""` for those that a row lacks."""
        if len(cells) < len(self.names):
            cells = [*cells, *[""] * (len(self.names) - len(cells))]
        return tuple([cells[index] for index in self.visible])

    def shown_if_shifted(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the cells of a row with too many or too few, without those that a password can have moved to.

        With too many cells it has moved to the right, with too few to the left.
        """
        too_many = len(cells) > len(self.names)
        hidden = range(min(self.secret), len(cells)) if too_many else range(max(self.secret) + 1)
        shown = zip(self.visible, self.shown(cells), strict=True)
        return tuple("" if index in hidden else cell for index, cell in shown)

    def without_passwords(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return all cells of a row that has too many or too few, emptied where a password can have moved to.

        Each surplus cell moves what follows it by one to the right, each lacking cell to the left. A row of which
        nothing is left gets a text, so that no reader skips it as a blank line.
        """
        shift = len(cells) - len(self.names)
        hidden = {index + moved for index in self.secret for moved in range(min(shift, 0), max(shift, 0) + 1)}
        kept = tuple("" if index in hidden else cell for index, cell in enumerate(cells))
        return kept if any(cell.strip() for cell in kept) else ("(not shown)", *kept[1:])


def find_columns(names: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Find the columns of the fields.

    Args:
        names: the header.
        mapping: field -> column, for columns that are not called like their field; comes before the usual names.

    Raises:
        RosterError: a field or column does not exist, two columns fit one field, or a required field has no column.
    """
    indexes: dict[str, tuple[int, ...]] = {field: (_mapped(field, column, names),) for field, column in mapping.items()}
    taken = {index for mapped in indexes.values() for index in mapped}
    # Short names last: `Last` may be anything where there is a `Last Name` as well.
    for index, name in sorted(enumerate(names), key=lambda column: is_short_name(column[1])):
        field = field_of(name)
        # A mapping of login to Email uses the column for both: the required field keeps it.
        if field is None or field in mapping or (index in taken and field not in _REQUIRED):
            continue
        if field in indexes and field != "group":
            if is_short_name(name) and not is_short_name(names[indexes[field][0]]):
                continue
            raise _ambiguous(field, names[indexes[field][0]], name)
        indexes[field] = (*indexes.get(field, ()), index)
    missing = [field for field in _REQUIRED if field not in indexes]
    if missing:
        raise _missing(missing, names)
    return Columns.of(names, indexes)


def recognized(names: Sequence[str], mapping: Mapping[str, str]) -> int:
    """Return how many of `names` belong to a field: with the right delimiter a header has some."""
    wanted = {column_key(column) for column in mapping.values()}
    return sum(field_of(name) is not None or not wanted.isdisjoint(keys_of(name)) for name in names)


def _ambiguous(field: str, first: str, second: str) -> RosterError:
    if first == second:
        return RosterError(f"Two columns are called {first!r} and could hold the {field}. Rename one of them.")
    message = f"The columns {first!r} and {second!r} could both hold the {field}."
    return RosterError(message, hint=RosterHint("Choose one:", "mapping", ({field: first}, {field: second})))


def _missing(fields: Sequence[str], names: Sequence[str]) -> RosterError:
    if _is_data(names):
        return RosterError(_NO_HEADER)
    message = f"There is no column for {', '.join(fields)}. {_describe(names)}"
    whole = next(filter(is_whole_name, names), None)
    if whole is not None and not {"first_name", "last_name"}.isdisjoint(fields):
        # Nobody can tell where the first name of "Ana Maria da Silva" ends.
        message += f" First and last name are together in {whole!r}, which cannot be split with certainty:"
        message += " add a column for each, such as First Name and Last Name."
        fields = [field for field in fields if field not in {"first_name", "last_name"}]
    if not fields:
        return RosterError(message)
    user_name = next(filter(is_user_name, names), None)
    if user_name is None and len(fields) > sum(field_of(name) is None for name in names):
        # Fewer columns than fields are left: no mapping can help.
        is_header = any(map(field_of, names))
        advice = "Add what is missing." if is_header else f"If they are a person, {_ADD_HEADER}"
        return RosterError(f"{message} {advice}")
    columns = dict.fromkeys(fields, "COLUMN")
    if user_name is not None and "email" in fields:
        message += f" If {user_name!r} has e-mail addresses, it can be used for them."
        columns["email"] = user_name
    return RosterError(message, hint=RosterHint("Name it with", "mapping", (columns,)))


def _describe(names: Sequence[str]) -> str:
    return _NO_HEADER if _is_data(names) else f"The columns are {', '.join(map(repr, names))}."


def _is_data(names: Sequence[str]) -> bool:
    """Return whether the first line is a row of data, which must not be shown: it may hold a password."""
    if any("@" in name for name in names):
        return True
    return not any(map(field_of, names)) and not all(map(_LIKE_A_NAME.fullmatch, names))


def _mapped(field: str, column: str, names: Sequence[str]) -> int:
    if field not in FIELDS:
        hint = _hint(field, FIELDS)
        message = f"The mapping names a field {field!r}, which does not exist.{hint}"
        raise RosterError(f"{message} Fields: {', '.join(FIELDS)}.")
    exact = [index for index, name in enumerate(names) if name == column]
    found = exact or [index for index, name in enumerate(names) if column_key(column) in keys_of(name)]
    if len(found) != 1:
        what = "there is no such column" if not found else "several columns have that name"
        message = f"The mapping names the column {column!r} for {field}, and {what}."
        raise RosterError(f"{message}{_hint(column, names)} {_describe(names)}")
    return found[0]


def _hint(word: str, known: Sequence[str]) -> str:
    near = [] if _is_data(known) else get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
