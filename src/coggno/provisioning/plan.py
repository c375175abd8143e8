"""What is there, what is wanted, and the steps between the two. Reads, never writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from coggno.models import Group, User
from coggno.provisioning.checks import fold
from coggno.provisioning.outcomes import Outcome, RowResult
from coggno.provisioning.roster import Roster, Row

if TYPE_CHECKING:
    from coggno._client import AsyncCoggno


@frozen
class Step:
    """What is to be done for one row.

    Attributes:
        row: the row.
        user: the user who is there already, if so.
        missing: the groups, by name, that the user is to be added to; for a new user all of the row's.
    """

    row: Row
    user: User | None
    missing: tuple[str, ...]


@define
class Plan:
    """The steps of a run, in phases: groups, users, memberships.

    Attributes:
        roster: what is wanted.
        groups: name -> the group that is there.
        new_groups: names of groups that are to be made.
        ambiguous: names that several groups have: nobody is put into them.
        steps: one for every row that something has to be done for.
        settled: rows that need nothing, or cannot be done.
    """

    roster: Roster
    groups: dict[str, Group]
    new_groups: tuple[str, ...]
    ambiguous: frozenset[str]
    steps: Sequence[Step]
    settled: Sequence[RowResult] = field(factory=list[RowResult])

    @property
    def new_users(self) -> int:
        """How many users are to be made."""
        return sum(step.user is None for step in self.steps)

    @property
    def new_memberships(self) -> int:
        """How many memberships are to be made, those of new users included."""
        return sum(len(step.missing) for step in self.steps)


async def make_plan(coggno: AsyncCoggno, roster: Roster) -> Plan:
    """Look at what is there and plan the steps.

    One list of users, one of groups, and the members of every group that a user who is there already shall be in.

    Raises:
        APIError: a list could not be read; nothing was changed.
    """
    wanted = {row.person.key: row for row in roster.people if row.person}
    there = {fold(user.login): user async for user in coggno.users.iter() if fold(user.login) in wanted}
    names = dict.fromkeys(name for row in wanted.values() if row.person for name in row.person.groups)
    groups, ambiguous = _by_name([group async for group in coggno.groups.iter() if group.name in names])
    members = await _members(coggno, groups, _groups_of(wanted[key] for key in there))
    steps: list[Step] = []
    settled: list[RowResult] = []
    for key, row in wanted.items():
        ended = _place(row, there.get(key), members, ambiguous, steps)
        if ended is not None:
            settled.append(ended)
    needed = {name for step in steps for name in step.missing}
    new_groups = tuple(name for name in names if name in needed and name not in groups)
    return Plan(roster, groups, new_groups, ambiguous, steps, settled)


def _by_name(groups: Iterable[Group]) -> tuple[dict[str, Group], frozenset[str]]:
    found: dict[str, Group] = {}
    ambiguous: set[str] = set()
    for group in groups:
        if group.name in found:
            ambiguous.add(group.name)
        found[group.name] = group
    return {name: group for name, group in found.items() if name not in ambiguous}, frozenset(ambiguous)


def _groups_of(rows: Iterable[Row]) -> set[str]:
    return {name for row in rows if row.person for name in row.person.groups}


async def _members(coggno: AsyncCoggno, groups: Mapping[str, Group], names: set[str]) -> dict[str, set[int]]:
    members: dict[str, set[int]] = {}
    for name in sorted(names & groups.keys()):
        members[name] = {user.id async for user in coggno.groups.users.iter(groups[name].id)}
    return members


def _place(
    row: Row, user: User | None, members: Mapping[str, set[int]], ambiguous: frozenset[str], steps: list[Step]
) -> RowResult | None:
    """Add the row's step, or return how it has ended already."""
    person = row.person
    assert person is not None  # noqa: S101 - only rows with a person are planned
    unclear = [name for name in person.groups if name in ambiguous]
    if unclear:
        return _ended(
            row, user, Outcome.REFUSED, f"several groups are named {unclear[0]!r}; rename or delete all but one"
        )
    if user is None:
        steps.append(Step(row, None, person.groups))
        return None
    if (user.first_name.strip(), user.last_name.strip()) != (person.first_name, person.last_name):
        return conflict(row, user)
    missing = tuple(name for name in person.groups if user.id not in members.get(name, ()))
    if not missing:
        return _ended(row, user, Outcome.EXISTS, "")
    steps.append(Step(row, user, missing))
    return None


def conflict(row: Row, user: User) -> RowResult:
    """Return the result of a row whose login belongs to somebody with other names."""
    detail = f"is there as {user.first_name} {user.last_name}; the API cannot change a user"
    return _ended(row, user, Outcome.CONFLICT, detail)


def _ended(row: Row, user: User | None, outcome: Outcome, detail: str) -> RowResult:
    login = row.person.sent_login if row.person else ""
    return RowResult(line=row.line, login=login, outcome=outcome, user_id=user.id if user else None, detail=detail)
