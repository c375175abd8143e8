"""The plan of a whole roster: what exists is kept, what is to be done for a row is worked out when it is its turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from attrs import define, field, frozen

from coggno import testing
from coggno.errors import ConfigurationError
from coggno.models import Group
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.options import Removals, RunOptions
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning.companies import find_companies
from coggno.provisioning.planning.counts import GroupOfCompany, PlanCounter, PlanCounts
from coggno.provisioning.planning.earlier import Earlier, read_earlier
from coggno.provisioning.planning.existing import Existing, UnreadableRecords, read_existing, read_members
from coggno.provisioning.planning.leavers import Leavers, LeaverSearch, outcome_objection, roster_objection
from coggno.provisioning.planning.lookalikes import CompanyPerson
from coggno.provisioning.planning.steps import PlannedRow, continue_row, merged_result, plan_row
from coggno.provisioning.planning.target import PlanTarget
from coggno.provisioning.requests import Sender
from coggno.provisioning.requests.sender import Clock, Sleep
from coggno.provisioning.roster import Person, Roster, Row

T_co = TypeVar("T_co", covariant=True)


@frozen
class Steps(Generic[T_co]):
    """What is to be done for the rows of a roster. Iterating over them reads the roster again.

    Args:
        steps: begins with the first row.
    """

    _steps: Callable[[], Iterator[T_co]]

    def __iter__(self) -> Iterator[T_co]:
        return self._steps()

    def __len__(self) -> int:
        """Return how many there are; counted anew each time."""
        return sum(1 for _ in self)


@define
class Plan:
    """What a run does: groups first, then users with their memberships.

    Attributes:
        roster: what is wanted.
        existing: company as the roster names it (`None` for that of the key) -> what exists there.
        companies: company as the roster names it -> its id; `None` where the client acts for it.
        makes_passwords: whether a password is generated for a new user whose row has none; without one, such a row is
            `invalid`.
        target: where its requests go.
        leavers: who is to be removed or deleted; `None` unless that was asked for.
        is_used: whether it was carried out; what it knows of the server is out of date then.
        earlier: what earlier runs have done, where there is a journal.
        unreadable: records that were left out.
    """

    roster: Roster
    existing: Mapping[str | None, Existing] = field(repr=False)
    companies: Mapping[str, int | None] = field(factory=dict[str, int | None])
    makes_passwords: bool = False
    target: PlanTarget | None = None
    leavers: Leavers | None = None
    is_used: bool = False
    earlier: Earlier | None = field(default=None, repr=False)
    unreadable: UnreadableRecords = field(factory=UnreadableRecords)
    _counts: dict[bool, PlanCounts] = field(factory=dict[bool, PlanCounts], repr=False)

    @property
    def groups(self) -> Mapping[str, Group]:
        """The existing groups of the company of the key, by their name in the roster."""
        return self.existing[None].groups if None in self.existing else {}

    @property
    def existing_groups(self) -> dict[GroupOfCompany, Group]:
        """The existing groups of all companies."""
        if self.earlier is not None and self.earlier.users is not None:
            return dict(self.earlier.groups)
        return {
            (self._id_of(company), name): group
            for company, existing in self.existing.items()
            for name, group in existing.groups.items()
        }

    @property
    def ambiguous(self) -> frozenset[str]:
        """Names that several groups have: nobody is put into these."""
        return frozenset(name for existing in self.existing.values() for name in existing.ambiguous)

    @property
    def new_groups(self) -> tuple[str, ...]:
        """Names of the groups to create; with the company, where it is not that of the key."""
        return self.counts().group_names

    @property
    def new_users(self) -> int:
        """How many users are to be created."""
        return self.counts().new_users

    @property
    def new_memberships(self) -> int:
        """How many memberships are to be created, those of new users included."""
        return self.counts().new_memberships

    @property
    def planned(self) -> Steps[PlannedRow]:
        """What is to be done, for every row that there is something to do for."""
        return Steps(lambda: (step for step in self.steps() if isinstance(step, PlannedRow)))

    @property
    def decided(self) -> Steps[RowResult]:
        """Results of the rows that need nothing, or cannot be carried out."""
        return Steps(lambda: (step for step in self.steps() if isinstance(step, RowResult)))

    def steps(self, *, makes_passwords: bool | None = None) -> Iterator[PlannedRow | RowResult]:
        """Yield for every accepted row what is to be done, or its result if there is nothing to do.

        Args:
            makes_passwords: whether passwords are generated; as planned if not given.
        """
        makes_passwords = self.makes_passwords if makes_passwords is None else makes_passwords
        counter = PlanCounter(self.existing_groups)
        earlier, roster = self.earlier, self.roster
        for row in roster.accepted if earlier is None else roster.accepted_without(earlier.done_lines):
            step = self._step(row, makes_passwords=makes_passwords)
            counter.note(step)
            yield step
        # Whoever came to the end has counted: the roster is not read once more for that.
        self._counts.setdefault(makes_passwords, counter.counts())

    def counts(self, *, makes_passwords: bool | None = None) -> PlanCounts:
        """Return what the plan comes to.

        Args:
            makes_passwords: whether passwords are generated; as planned if not given.
        """
        makes_passwords = self.makes_passwords if makes_passwords is None else makes_passwords
        if makes_passwords not in self._counts:
            for _ in self.steps(makes_passwords=makes_passwords):
                pass
        return self._counts[makes_passwords]

    def forecast(self, *, makes_passwords: bool | None = None) -> Iterator[RowResult]:
        """Yield for every row, in the input's order, how it ends if every request succeeds.

        Args:
            makes_passwords: whether passwords are generated; as planned if not given.
        """
        makes_passwords = self.makes_passwords if makes_passwords is None else makes_passwords
        merged_rows: dict[int, RowResult] = {}
        for row in self.roster.rows:
            if row.rejection is not None:
                yield row.rejection
            elif row.merged_into is not None:
                yield merged_rows.pop(row.line)
            else:
                result = self._forecast(row, makes_passwords=makes_passwords)
                # Kept until its line comes: a merged row always follows the one that it was merged into.
                merged = self.roster.merged.with_first(row.line, result.login)
                merged_rows.update((each.line, merged_result(each, result)) for each in merged)
                yield result

    def newcomers(self) -> Iterator[CompanyPerson]:
        """Yield the people whose user is to be created, or was created by an earlier run of the journal."""
        for row in self.roster.accepted:
            if row.person is not None and self._is_new(row):
                yield self._id_of(row.person.company), row.person

    @property
    def removed_earlier(self) -> int:
        """How many people who are in no row the run has removed before it was interrupted."""
        return 0 if self.earlier is None else self.earlier.state.removed

    def claim(self) -> None:
        """Note that the plan is carried out now.

        Raises:
            ConfigurationError: it was carried out already. Its groups would be created a second time.
        """
        if self.is_used:
            raise ConfigurationError("This plan was carried out already. Make a new one: it reads what exists now.")
        self.is_used = True

    def _is_new(self, row: Row) -> bool:
        if self.earlier is not None and self.earlier.is_done(row.line):
            return self.earlier.outcome(row.line) is RowOutcome.CREATED
        step = self._step(row, makes_passwords=self.makes_passwords)
        return step.user_id is None if isinstance(step, PlannedRow) else step.outcome is RowOutcome.CREATED

    def _forecast(self, row: Row, *, makes_passwords: bool) -> RowResult:
        if self.earlier is not None and self.earlier.is_done(row.line):
            return self.earlier.result(row)
        step = self._step(row, makes_passwords=makes_passwords)
        return step.forecast() if isinstance(step, PlannedRow) else step

    def _step(self, row: Row, *, makes_passwords: bool) -> PlannedRow | RowResult:
        company = row.person.company if row.person else None
        number = self._id_of(company)
        if self.earlier is None:
            return plan_row(row, self.existing[company], number, makes_passwords=makes_passwords)
        if self.earlier.users is not None:
            saved = self.earlier.users.get(row.line)
            return continue_row(row, saved, number, makes_passwords=makes_passwords)
        step = plan_row(row, self.existing[company], number, makes_passwords=makes_passwords)
        return self.earlier.claimed(row, step, number) if isinstance(step, RowResult) else step

    def _id_of(self, company: str | None) -> int | None:
        return None if company is None else self.companies[company]


async def make_plan(
    client: ProvisioningClient,
    roster: Roster,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    *,
    makes_passwords: bool | None = None,
    clock: Clock = testing.clock,
    sleep: Sleep = testing.sleep,
    sender: Sender | None = None,
    saved_plan: str = "",
) -> Plan:
    """Read what exists, and plan what is to be done. An API that is down or overloaded is waited for.

    Args:
        client: reads the lists.
        roster: what is wanted.
        options: how many lists may be read at once, 8 at most, how many requests per second, and the patience.
        makes_passwords: whether passwords are to be generated; if not given, whether the options have a password file.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
        sender: the gate of the run that follows; one of its own if not given.
        saved_plan: what identifies the saved plan that is made again, for the journal.

    Raises:
        RosterError: a company of the roster is not connected, or the roster has changed.
        JournalError: the journal of the options cannot be used; nothing was sent.
        StoppedError: the API did not respond for as long as the patience allows; nothing was changed.
        APIError: a list could not be read, and waiting cannot help; nothing was changed.
    """
    # The gate repeats requests: it knows when the API is down.
    client = client.with_options(max_retries=0)
    sender = sender or Sender.of(client, options, clock=clock, sleep=sleep)
    makes_passwords = options.passwords is not None if makes_passwords is None else makes_passwords
    plan = Plan(roster, {}, makes_passwords=makes_passwords, target=PlanTarget.of(client))
    if options.journal is not None:
        plan.earlier = await read_earlier(
            options.journal, roster, client, recheck=options.recheck, saved_plan=saved_plan
        )
        if plan.earlier.done >= roster.accepted_count and options.removals is None:
            return plan
    wanted = _by_company(roster)
    plan.companies = await find_companies(sender, client, wanted)
    if plan.earlier is None or plan.earlier.users is None:
        await _read_lists(sender, client, plan, wanted, at_once=options.concurrency)
        if plan.earlier is not None:
            await plan.earlier.save(plan.steps(), plan.existing_groups)
    if options.removals is not None:
        plan.leavers = await _find_leavers(sender, client, plan, options.removals)
    return plan


async def _find_leavers(sender: Sender, client: ProvisioningClient, plan: Plan, removals: Removals) -> Leavers:
    counts = Counter(step.outcome for step in plan.steps() if isinstance(step, RowResult))
    if plan.earlier is not None:
        counts += plan.earlier.counts
    obstacle = roster_objection(plan.roster) or outcome_objection(counts)
    if obstacle is not None:
        return Leavers(removals, obstacle=obstacle)
    acting = partial(_acting_for, client)
    search = LeaverSearch(
        sender,
        acting,
        plan.roster,
        plan.companies,
        removals,
        plan.newcomers,
        plan.unreadable.note,
        earlier=plan.removed_earlier,
    )
    return await search.run(plan.existing_groups)


async def _read_lists(
    sender: Sender,
    client: ProvisioningClient,
    plan: Plan,
    wanted: Mapping[str | None, Iterable[str]],
    *,
    at_once: int,
) -> None:
    roster = plan.roster
    existing: dict[str | None, Existing] = {}
    for company, names in wanted.items():
        acting = _acting_for(client, None if company is None else plan.companies[company])
        people, unreadable = _people(roster, company), plan.unreadable
        existing[company] = await read_existing(sender, acting, people, names, unreadable=unreadable)
        joined = _groups_of_existing(roster, company, existing[company])
        await read_members(sender, acting, existing[company], joined, at_once=at_once, unreadable=unreadable)
    plan.existing = existing


def _acting_for(client: ProvisioningClient, company: int | None) -> ProvisioningClient:
    return client if company is None else client.as_company(company)


def _by_company(roster: Roster) -> dict[str | None, dict[str, None]]:
    """Return the companies of a roster, each with the names of its groups, in the order of the rows."""
    found: dict[str | None, dict[str, None]] = {}
    if not roster.names_companies:
        # Nearly always: the roster need not be read for it.
        return {None: dict.fromkeys(roster.groups)} if roster.accepted_count else found
    for row in roster.accepted:
        if row.person is not None:
            found.setdefault(row.person.company, {}).update(dict.fromkeys(row.person.groups))
    return found


def _people(roster: Roster, company: str | None) -> Iterator[Person]:
    return (row.person for row in roster.accepted if row.person is not None and row.person.company == company)


def _groups_of_existing(roster: Roster, company: str | None, existing: Existing) -> Sequence[str]:
    """Return the names of the groups that existing users are to be in."""
    if not existing.groups:
        return ()
    people = _people(roster, company)
    return tuple(dict.fromkeys(name for person in people if existing.users.find(person) for name in person.groups))
