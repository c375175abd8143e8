"""How a roster is read, as its caller chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import asdict, field, frozen


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    # A single name would fall apart into its letters.
    return (names,) if isinstance(names, str) else tuple(names)


@frozen(kw_only=True)
class RosterOptions:
    """How a roster is read.

    Attributes:
        mapping: field -> column, for columns that are not called like their field, e.g. `{"email": "Work_Mail"}`.
        groups: groups that every user is put into, besides those of the row.
        delimiter: the character between the cells of CSV; detected if not given.
        encoding: of the file, e.g. `"cp1252"`; UTF-8 if not given, with or without a byte order mark.
        sheet: name of a workbook's sheet; the first one that is visible if not given.
        needs_password: whether a row without a password is invalid. If not, the run decides: it generates one where it
            has a `PasswordFile`, and ends the row as invalid where it has none.
    """

    mapping: Mapping[str, str] = field(factory=dict[str, str])
    groups: tuple[str, ...] = field(default=(), converter=_names)
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    needs_password: bool = False

    def settings(self) -> dict[str, Any]:
        """Return the options as data for JSON; `RosterOptions(**settings)` are the same options again."""
        return {**asdict(self), "mapping": dict(self.mapping), "groups": list(self.groups)}
