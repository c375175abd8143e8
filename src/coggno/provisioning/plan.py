"""What is there, what is wanted, and the steps between the two. Reads, never writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field, frozen

from coggno.errors import ConfigurationError
from coggno.models import Group, User
from coggno.provisioning.checks import fold, group_key
from coggno.provisioning.crew import for_each
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.pace import RateLimiter
from coggno.provisioning.roster import Roster, Row

if TYPE_CHECKING:
    from coggno._client import Client

_LISTS: Final = 8  # lists of members that are read at once: each may be long, and is held as a set of ids


@frozen
class PlannedRow:
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
        groups: name in the roster -> the group that is there.
        new_groups: names of groups that are to be made.
        ambiguous: names that several groups have: nobody is put into them.
        planned: one for every row that something has to be done for.
        decided: rows that need nothing, or cannot be done.
        is_used: whether it was carried out; what it knows of the server is no longer true then.
    """

    roster: Roster
    groups: dict[str, Group]
    new_groups: tuple[str, ...]
    ambiguous: frozenset[str]
    planned: Sequence[PlannedRow]
    decided: Sequence[RowResult] = field(factory=list[RowResult])
    is_used: bool = False

    @property
    def new_users(self) -> int:
        """How many users are to be made."""
        return sum(step.user is None for step in self.planned)

    @property
    def new_memberships(self) -> int:
        """How many memberships are to be made, those of new users included."""
        return sum(len(step.missing) for step in self.planned)

    def forecast(self) -> Iterator[RowResult]:
        """Yield for every row, in the input's order, how it would end if every request succeeded.

        Rows without a password count as if one were made for them.
        """
        ended = {result.line: result for result in (*self.roster.rejections(), *self.decided)}
        for step in self.planned:
            outcome = RowOutcome.CREATED if step.user is None else RowOutcome.JOINED
            detail = f"to be added to {', '.join(step.missing)}" if step.missing else ""
            ended[step.row.line] = step.row.result(outcome, detail, user_id=step.user.id if step.user else None)
        for row in self.roster.rows:
            yield ended[row.line] if row.merged_into is None else repetition(row, ended[row.merged_into.line])

    def claim(self) -> None:
        """Note that the plan is being carried out.

        Raises:
            ConfigurationError: it was already: its groups would be made a second time.
        """
        if self.is_used:
            raise ConfigurationError("this plan was carried out already; make a new one, which sees what is there now")
        self.is_used = True


def repetition(row: Row, first: RowResult) -> RowResult:
    """Return the result of a row that was merged into another: it shares the fate of that one."""
    outcome = RowOutcome.DUPLICATE if first.is_as_wanted else first.outcome
    detail = f"the same as line {first.line}" + ("" if first.is_as_wanted else f": {first.detail}")
    login = row.person.sent_login if row.person else ""
    return evolve(first, line=row.line, login=login, outcome=outcome, detail=detail)


async def make_plan(
    coggno: Client,
    roster: Roster,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Plan:
    """Look at what is there and plan the steps.

    One list of users, one of groups, and the members of every group that a user who is there already shall be in.

    Args:
        coggno: the client to read with.
        roster: what is wanted.
        options: how many lists may be read at once, 8 at most, and how many requests per second.

    Raises:
        APIError: a list could not be read; nothing was changed.
    """
    pace = RateLimiter(options.rate)
    wanted = {row.person.key: row for row in roster.accepted if row.person}
    await pace.turn()
    there = await _those_there(coggno.users.iter(), wanted)
    names = _groups_of(wanted.values())
    await pace.turn()
    groups, ambiguous = await _by_name(coggno.groups.iter(), names)
    needed = {name: groups[name] for name in _groups_of(wanted[key] for key in there) if name in groups}
    members = await _members(coggno, needed, min(options.concurrency, _LISTS), pace)
    steps: list[PlannedRow] = []
    decided: list[RowResult] = []
    for key, row in wanted.items():
        planned = _place(row, there.get(key), members, ambiguous)
        if isinstance(planned, PlannedRow):
            steps.append(planned)
        else:
            decided.append(planned)
    used = {name for step in steps for name in step.missing}
    new_groups = tuple(name for name in names if name in used and name not in groups)
    return Plan(roster, groups, new_groups, ambiguous, steps, decided)


async def _those_there(users: AsyncIterator[User], wanted: Mapping[str, Row]) -> dict[str, User]:
    """Return the users that are wanted, by key; where several differ in case only, the one spelt as in the roster."""
    there: dict[str, User] = {}
    async for user in users:
        key = fold(user.login)
        row = wanted.get(key)
        if row is not None and (key not in there or (row.person and user.login == row.person.sent_login)):
            there[key] = user
    return there


def _groups_of(rows: Iterable[Row]) -> dict[str, None]:
    return dict.fromkeys(name for row in rows if row.person for name in row.person.groups)


async def _by_name(listed: AsyncIterator[Group], names: Iterable[str]) -> tuple[dict[str, Group], frozenset[str]]:
    """Return the group of each name, and the names that several groups have.

    A name stands for the group that is called exactly so; where there is none, for the one that differs in case or
    spacing only.
    """
    wanted = {name: group_key(name) for name in names}
    keys = set(wanted.values())
    alike: defaultdict[str, list[Group]] = defaultdict(list)
    async for group in listed:
        key = group_key(group.name)
        if key in keys:
            alike[key].append(group)
    found: dict[str, Group] = {}
    ambiguous: set[str] = set()
    for name, key in wanted.items():
        groups = [group for group in alike[key] if group.name == name] or alike[key]
        if len(groups) == 1:
            found[name] = groups[0]
        elif groups:
            ambiguous.add(name)
    return found, frozenset(ambiguous)


async def _members(
    coggno: Client, groups: Mapping[str, Group], concurrency: int, pace: RateLimiter
) -> dict[str, set[int]]:
    members: dict[str, set[int]] = {}

    async def read(name: str) -> None:
        await pace.turn()
        members[name] = {user.id async for user in coggno.groups.users.iter(groups[name].id)}

    await for_each(groups, read, concurrency)
    return members


def _place(
    row: Row, user: User | None, members: Mapping[str, set[int]], ambiguous: frozenset[str]
) -> PlannedRow | RowResult:
    """Return the row's step, or how it has ended already."""
    person = row.person
    assert person is not None  # noqa: S101 - only rows with a person are planned
    unclear = [name for name in person.groups if name in ambiguous]
    if unclear:
        detail = f"several groups are named {unclear[0]!r}; rename or delete all but one"
        return row.result(RowOutcome.REFUSED, detail, user_id=user.id if user else None)
    if user is None:
        return PlannedRow(row, None, person.groups)
    if not person.has_names(user.first_name, user.last_name):
        return conflict(row, user)
    missing = tuple(name for name in person.groups if user.id not in members.get(name, ()))
    return PlannedRow(row, user, missing) if missing else row.result(RowOutcome.EXISTS, user_id=user.id)


def conflict(row: Row, user: User) -> RowResult:
    """Return the result of a row whose login belongs to somebody with other names."""
    detail = f"is there as {user.first_name} {user.last_name}; the API cannot change a user"
    return row.result(RowOutcome.CONFLICT, detail, user_id=user.id)
