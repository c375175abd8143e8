"""What is to be done for a roster, given what exists. Reads, never writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import define, evolve, field, frozen

from coggno.errors import ConfigurationError
from coggno.models import Group, User
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.existing import Existing, group_names, read_existing
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster import MergedRow, Roster, Row


@frozen
class PlannedRow:
    """What is to be done for one row.

    Attributes:
        row: the row.
        user: the user, if there is one.
        missing: names of the groups that the user is to be added to; for a new user all of the row's.
    """

    row: Row
    user: User | None
    missing: tuple[str, ...]


@define
class Plan:
    """What a run does: groups first, then users with their memberships.

    Attributes:
        roster: what is wanted.
        groups: name in the roster -> the existing group.
        new_groups: names of the groups to create.
        ambiguous: names that several groups have: nobody is put into these.
        planned: one for every row that something is to be done for.
        decided: results of the rows that need nothing, or cannot be carried out.
        is_used: whether it was carried out; what it knows of the server is out of date then.
    """

    roster: Roster
    groups: Mapping[str, Group]
    new_groups: tuple[str, ...]
    ambiguous: frozenset[str]
    planned: Sequence[PlannedRow]
    decided: Sequence[RowResult] = field(factory=list[RowResult])
    is_used: bool = False

    @property
    def new_users(self) -> int:
        """How many users are to be created."""
        return sum(planned.user is None for planned in self.planned)

    @property
    def new_memberships(self) -> int:
        """How many memberships are to be created, those of new users included."""
        return sum(len(planned.missing) for planned in self.planned)

    def forecast(self) -> Iterator[RowResult]:
        """Yield for every row, in the input's order, how it ends if every request succeeds.

        Rows without a password count as if one were generated for them.
        """
        results = {result.line: result for result in (*self.roster.rejections(), *self.decided)}
        for planned in self.planned:
            outcome = RowOutcome.CREATED if planned.user is None else RowOutcome.JOINED
            detail = f"to be added to {', '.join(planned.missing)}" if planned.missing else ""
            user_id = planned.user.id if planned.user else None
            results[planned.row.line] = planned.row.result(outcome, detail, user_id=user_id)
        for row in self.roster.rows:
            first = row.merged_into
            if first is None or row.person is None:
                yield results[row.line]
            else:
                yield merged_result(MergedRow(row.line, row.person.effective_login), results[first])

    def claim(self) -> None:
        """Note that the plan is carried out now.

        Raises:
            ConfigurationError: it was carried out already. Its groups would be created a second time.
        """
        if self.is_used:
            raise ConfigurationError("This plan was carried out already. Make a new one: it reads what exists now.")
        self.is_used = True


def merged_result(merged: MergedRow, first: RowResult) -> RowResult:
    """Return the result of a row that was merged into another: it ends as that one does."""
    outcome = RowOutcome.DUPLICATE if first.is_as_wanted else first.outcome
    detail = f"the same as line {first.line}" + ("" if first.is_as_wanted else f": {first.detail}")
    if first.not_attempted:
        # These details begin alike, so that a reader of the results can tell the rows from those that failed.
        detail = f"{first.detail} (the same as line {first.line})"
    return evolve(first, line=merged.line, login=merged.login, outcome=outcome, detail=detail)


async def make_plan(
    client: ProvisioningClient,
    roster: Roster,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Plan:
    """Read what exists, and plan what is to be done.

    Args:
        client: reads the lists.
        roster: what is wanted.
        options: how many lists may be read at once, 8 at most, and how many requests per second.

    Raises:
        APIError: a list could not be read; nothing was changed.
    """
    wanted = {row.person.key: row for row in roster.accepted if row.person}
    existing = await read_existing(client, wanted, options)
    planned: list[PlannedRow] = []
    decided: list[RowResult] = []
    for key, row in wanted.items():
        step = _plan_row(row, existing.users.get(key), existing)
        if isinstance(step, PlannedRow):
            planned.append(step)
        else:
            decided.append(step)
    used = {name for step in planned for name in step.missing}
    # In the order of the roster, and none that only rejected or finished rows have.
    new_groups = tuple(name for name in group_names(wanted.values()) if name in used and name not in existing.groups)
    return Plan(roster, existing.groups, new_groups, existing.ambiguous, planned, decided)


def _plan_row(row: Row, user: User | None, existing: Existing) -> PlannedRow | RowResult:
    """Return what is to be done for a row, or its result if it needs nothing or cannot be carried out."""
    person = row.person
    assert person is not None  # noqa: S101 - only rows with a person are planned
    ambiguous = next((name for name in person.groups if name in existing.ambiguous), None)
    if ambiguous is not None:
        detail = f"several groups are named {ambiguous!r}; rename or delete all but one"
        return row.result(RowOutcome.REFUSED, detail, user_id=user.id if user else None)
    if user is None:
        return PlannedRow(row, None, person.groups)
    if not person.has_names(user.first_name, user.last_name):
        return conflict(row, user)
    missing = tuple(name for name in person.groups if user.id not in existing.members.get(name, ()))
    return PlannedRow(row, user, missing) if missing else row.result(RowOutcome.EXISTS, user_id=user.id)


def conflict(row: Row, user: User) -> RowResult:
    """Return the result of a row whose login belongs to somebody with other names."""
    names: list[str | None] = [user.first_name, user.last_name]
    name = " ".join(str(name) for name in names if name is not None)
    detail = f"the login belongs to {name or 'somebody else'}; the API cannot change a user's name"
    return row.result(RowOutcome.CONFLICT, detail, user_id=user.id)
