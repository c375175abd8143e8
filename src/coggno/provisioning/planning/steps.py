"""What is to be done for one row. Pure."""

from __future__ import annotations

from attrs import evolve, frozen

from coggno.models import User
from coggno.provisioning.journal import SavedUser
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning.existing import Existing
from coggno.provisioning.roster import MergedRow, Row


@frozen
class PlannedRow:
    """What is to be done for one row.

    Attributes:
        row: the row.
        user_id: id of the user, if there is one.
        missing: names of the groups that the user is to be added to; for a new user all of the row's.
        company: id of the connected company that the row is for; `None` for that of the key.
    """

    row: Row
    user_id: int | None
    missing: tuple[str, ...]
    company: int | None = None

    @property
    def lacks_password(self) -> bool:
        """Whether a user is to be created whose row gives no password."""
        return self.user_id is None and self.row.person is not None and self.row.person.password is None

    def forecast(self) -> RowResult:
        """Return how the row ends if every request succeeds."""
        outcome = RowOutcome.CREATED if self.user_id is None else RowOutcome.JOINED
        detail = f"to be added to {', '.join(self.missing)}" if self.missing else ""
        return self.row.result(outcome, detail, user_id=self.user_id)


def plan_row(row: Row, existing: Existing, company: int | None, *, makes_passwords: bool) -> PlannedRow | RowResult:
    """Return what is to be done for a row, or its result if it needs nothing or cannot be carried out.

    Args:
        row: an accepted row.
        existing: what exists in its company.
        company: id of the connected company, if the row is for one.
        makes_passwords: whether a password is generated for a new user whose row has none.
    """
    person = row.person
    assert person is not None  # noqa: S101 - only rows with a person are planned
    user = existing.users.find(person)
    ambiguous = next((name for name in person.groups if name in existing.ambiguous), None)
    if ambiguous is not None:
        detail = f"several groups are named {ambiguous!r}; rename or delete all but one"
        return row.result(RowOutcome.REFUSED, detail, user_id=user.id if user else None)
    if user is None:
        return _new_user(row, company, makes_passwords=makes_passwords)
    if user.other is not None:
        return conflict(row, user.other)
    missing = existing.missing(person, user.id)
    if missing:
        return PlannedRow(row, user.id, missing, company)
    return row.result(RowOutcome.EXISTS, user_id=user.id)


def continue_row(
    row: Row, saved: SavedUser | None, company: int | None, *, makes_passwords: bool
) -> PlannedRow | RowResult:
    """Return what is to be done for a row of a run that is continued, given what its plan had found.

    Args:
        row: an accepted row that is not done.
        saved: the user, if the plan had found one.
        company: id of the connected company, if the row is for one.
        makes_passwords: whether a password is generated for a new user whose row has none.
    """
    if saved is not None:
        return PlannedRow(row, saved.user_id, tuple(saved.missing), company)
    return _new_user(row, company, makes_passwords=makes_passwords)


def _new_user(row: Row, company: int | None, *, makes_passwords: bool) -> PlannedRow | RowResult:
    assert row.person is not None  # noqa: S101 - only rows with a person are planned
    planned = PlannedRow(row, None, row.person.groups, company)
    if planned.lacks_password and not makes_passwords:
        return row.result(RowOutcome.INVALID, "password is missing")
    return planned


def conflict(row: Row, user: User) -> RowResult:
    """Return the result of a row whose login belongs to somebody with other names."""
    names: list[str | None] = [user.first_name, user.last_name]
    name = " ".join(str(name) for name in names if name is not None)
    detail = f"the login belongs to {name or 'somebody else'}; the API cannot change a user's name"
    return row.result(RowOutcome.CONFLICT, detail, user_id=user.id)


def merged_result(merged: MergedRow, first: RowResult) -> RowResult:
    """Return the result of a row that was merged into another: it ends as that one does."""
    outcome = RowOutcome.DUPLICATE if first.is_as_wanted else first.outcome
    detail = f"the same as line {first.line}" + ("" if first.is_as_wanted else f": {first.detail}")
    if first.not_attempted:
        # These details begin alike, so that a reader of the results can tell the rows from those that failed.
        detail = f"{first.detail} (the same as line {first.line})"
    return evolve(first, line=merged.line, login=merged.login, outcome=outcome, detail=detail)
