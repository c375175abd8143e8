"""Rows of files for other systems that ask for no user, or for one whom Coggno cannot create as they say. Pure.

Moodle, Canvas and Google Workspace take files that also remove users, and Microsoft Entra's template has a row that is
an example. Creating these users would be the opposite of what the row says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Self

from attrs import frozen

from coggno.provisioning.roster.column_names import column_key, keys_of

_YES: Final = frozenset({"1", "true", "yes", "y"})
_GONE: Final = frozenset({"deleted", "suspended", "archived", "inactive", "disabled"})
_REMOVED: Final[Mapping[str, frozenset[str]]] = {
    "status": _GONE,  # Canvas: active, suspended, deleted
    "newstatus": _GONE,  # Google Workspace: Active, Suspended, Archived
    "deleted": _YES,  # Moodle
    "suspended": _YES,
    "blocksigninyesnoaccountenabledrequired": _YES,  # Microsoft Entra
    "accountenabled": frozenset({"0", "false", "no", "n"}),  # exports of Microsoft Entra and Active Directory
}
_ADOBE: Final = frozenset({"firstname", "lastname", "email", "country", "groups", "type", "username", "domain"})


@frozen
class ForeignColumns:
    """Columns of files for other systems that say more about a row than its fields.

    Attributes:
        removed: index of a column -> the values with which a row asks for no user.
        hashes: index of the column that says how passwords are hashed.
        example: index of the column that begins with `Example:` in the row that is an example.
        group_marks: the characters that separate groups in a cell.
    """

    removed: Mapping[int, frozenset[str]]
    hashes: int | None
    example: int | None
    group_marks: str

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """Return those of a header."""
        by_key = {key: index for index, name in enumerate(names) for key in keys_of(name)}
        keys = {index: column_key(name) for index, name in enumerate(names)}
        return cls(
            {index: _REMOVED[key] for index, key in keys.items() if key in _REMOVED},
            by_key.get("passwordhashfunction"),
            by_key.get("displayname") if "userprincipalname" in by_key else None,
            # Elsewhere a comma may well be part of a name: "Sales, EMEA".
            ";|," if _ADOBE.issubset(keys.values()) else ";|",
        )

    @property
    def is_foreign(self) -> bool:
        """Whether there is any of them."""
        return bool(self.removed) or self.hashes is not None or self.example is not None

    def used(self, names: Sequence[str]) -> frozenset[str]:
        """Return the names of the columns that can make a row invalid."""
        indexes = (*self.removed, self.hashes, self.example)
        return frozenset(names[index] for index in indexes if index is not None)

    def objections(self, names: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
        """Yield why no user can be created as a row says.

        Args:
            names: of the columns.
            cells: of the row.
        """
        for index, values in self.removed.items():
            value = _cell(cells, index)
            if value.casefold() in values:
                yield (
                    f"{names[index]} is {value!r}, so the row asks for no user; "
                    "remove the row, or rename the column to have it ignored"
                )
        if self.hashes is not None and _cell(cells, self.hashes):
            yield "the password is a hash, and Coggno needs the password itself; empty both cells to have one generated"
        if self.example is not None and _cell(cells, self.example).startswith("Example:"):
            yield "the row is the example of the template; remove it"


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""
