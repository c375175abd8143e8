"""How a roster is read, as its caller chooses."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class RosterOptions:
    """How a roster is read.

    Attributes:
        mapping: field -> column, for columns that are not called like their field, e.g. `{"email": "Work_Mail"}`.
        group: a group that every user is put into, besides those of the row.
        delimiter: the character between the cells of CSV; detected if not given.
        encoding: of the file, e.g. `"cp1252"`; UTF-8 if not given, with or without a byte order mark.
        needs_password: whether a row without a password is invalid. If not, the run decides: it generates one where it
            has a `PasswordFile`, and ends the row as invalid where it has none.
    """

    mapping: Mapping[str, str] = field(factory=dict[str, str])
    group: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    needs_password: bool = False
