"""A write as the journal records it: what it changes, so that a later run can find out what became of it."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class PendingWrite:
    """A write that is about to be sent.

    Attributes:
        operation: id of the operation, such as `createUser`.
        key: what makes two writes the same: the key of a login or of a group's name, or the ids of group and user.
        line: of the row that it is for; 0 where it is for many.
        company: id of the connected company, if it is not that of the key.
        before: ids of what had that key before, where the key is not unique: a group's name.
    """

    operation: str
    key: str
    line: int = 0
    company: int | None = None
    before: tuple[int, ...] = ()
