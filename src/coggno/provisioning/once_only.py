"""Provisions rows that can be read once only, such as those of a queue, in windows and in constant memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from attrs import define, evolve, field

from coggno.errors import APIError, ConfigurationError
from coggno.models import Group
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import RosterError, StoppedError
from coggno.provisioning.execution import Run
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning import Plan, PlannedRow, merged_result
from coggno.provisioning.planning.account import KnownAccount
from coggno.provisioning.planning.companies import find_companies
from coggno.provisioning.planning.earlier import read_earlier
from coggno.provisioning.planning.existing import Existing, UnreadableRecords
from coggno.provisioning.planning.reported import ReportedRows
from coggno.provisioning.requests import Sender
from coggno.provisioning.requests.failures import reason_of
from coggno.provisioning.requests.sender import Clock, Sleep
from coggno.provisioning.roster import MergedRow, Person, Roster, RosterOptions, Row, read_roster
from coggno.provisioning.windows import OnceOnly, windows_of


@define
class WindowPlan(Plan):
    """The plan of one window.

    Attributes:
        repeated: line -> the result of a row whose login an earlier window had.
    """

    repeated: dict[int, RowResult] = field(factory=dict[int, RowResult])

    def _step(self, row: Row, *, makes_passwords: bool) -> PlannedRow | RowResult:
        # A method has no `super()` of its own in a subclass that attrs makes anew for slots.
        step = Plan._step(self, row, makes_passwords=makes_passwords)  # noqa: SLF001 - a base class
        return self.repeated.get(row.line, step)


@define
class WindowedRun:
    """Reads, plans and carries out one window after the other.

    Users and groups are listed once; rows that were reported are remembered by their digests.

    Attributes:
        client: sends the requests.
        sender: the gate that all windows share.
        options: how the run proceeds.
        roster_options: how the rows are read.
    """

    client: ProvisioningClient
    sender: Sender
    options: RunOptions
    roster_options: RosterOptions
    _accounts: dict[int | None, KnownAccount] = field(factory=dict[int | None, KnownAccount])
    _companies: dict[str, int | None] = field(factory=dict[str, int | None])
    _reported: ReportedRows = field(factory=ReportedRows)

    @classmethod
    def of(
        cls,
        client: ProvisioningClient,
        options: RunOptions,
        roster_options: RosterOptions,
        *,
        clock: Clock,
        sleep: Sleep,
    ) -> WindowedRun:
        """Return a run with `options`.

        Raises:
            ConfigurationError: removals are asked for; who has left is not known before the last row.
        """
        if options.removals is not None:
            raise ConfigurationError("Removals need a roster that is known as a whole: a file, or a list of rows.")
        sender = Sender.of(client.with_options(max_retries=0), options, clock=clock, sleep=sleep)
        return cls(client, sender, options, roster_options)

    async def results(self, rows: OnceOnly) -> AsyncGenerator[RowResult]:
        """Yield one result for each row.

        Args:
            rows: what is read; no further than results are taken.

        Raises:
            RosterError: the first rows cannot be read; nothing was sent. Later ones become `invalid`.
            StoppedError: the run ended early.
            APIError: a list could not be read, and waiting cannot help.
        """
        count = 0
        async with aclosing(windows_of(rows)) as windows:
            async for window in windows:
                async with aclosing(self._window(window, count + 1)) as results:
                    async for result in results:
                        yield result
                count += len(window)
        if not count:
            raise RosterError("rows: there are none.")

    async def _window(self, window: Sequence[Mapping[str, Any]], first: int) -> AsyncGenerator[RowResult]:
        try:
            roster = read_roster(window, self.roster_options, first=first)
        except RosterError as error:
            if first == 1 or len(window) == 1:
                if first == 1:
                    raise
                yield RowResult(line=first, login="", outcome=RowOutcome.INVALID, detail=str(error))
                return
            # One row that cannot be read at all must not take the others with it.
            for number, row in enumerate(window, start=first):
                async with aclosing(self._window([row], number)) as results:
                    async for result in results:
                        yield result
            return
        async with aclosing(self._carry_out(roster)) as results:
            async for result in results:
                yield result

    async def _carry_out(self, roster: Roster) -> AsyncGenerator[RowResult]:
        try:
            plan = await self._plan(roster)
        except (APIError, StoppedError) as error:
            # They were taken from a source that may have them no more.
            for row in roster.rows:
                yield row.rejection or row.result(
                    RowOutcome.FAILED, f"not attempted: {_reason_of(error)}", not_attempted=True
                )
            raise
        run = Run(self.client, plan, self.options, sender=self.sender)
        as_wanted: set[int] = set()
        async with aclosing(run):
            async for result in run:
                if result.is_as_wanted:
                    as_wanted.add(result.line)
                yield result
        self._reported.add(row for row in roster.accepted if row.line in as_wanted and row.line not in plan.repeated)
        self._note_groups(plan, run.groups)

    async def _plan(self, roster: Roster) -> WindowPlan:
        plan = WindowPlan(roster, {}, self._companies, self.options.passwords is not None)
        if self.options.journal is not None:
            # Each window is a job of the journal: what an earlier one has done is found by what its rows ask for.
            journal, recheck = self.options.journal, self.options.recheck
            plan.earlier = await read_earlier(journal, roster, self.client, recheck=recheck)
        people: dict[str | None, list[Person]] = {}
        for row in roster.accepted:
            if row.person is None or (plan.earlier is not None and plan.earlier.is_done(row.line)):
                continue
            people.setdefault(row.person.company, []).append(row.person)
            result = self._repeated(row, row.person)
            if result is not None:
                plan.repeated[row.line] = result
        plan.existing = await self._existing(people)
        return plan

    async def _existing(self, people: Mapping[str | None, Sequence[Person]]) -> dict[str | None, Existing]:
        unknown = [company for company in people if company is not None and company not in self._companies]
        self._companies |= await find_companies(self.sender, self.sender.client, unknown)
        existing: dict[str | None, Existing] = {}
        for company, own in people.items():
            account = await self._account(None if company is None else self._companies[company])
            existing[company] = await account.existing(self.sender, own, at_once=self.options.concurrency)
        return existing

    def _repeated(self, row: Row, person: Person) -> RowResult | None:
        """Return the result of a row whose login an earlier window had."""
        earlier = self._reported.find(row, person)
        if earlier is None:
            return None
        first = evolve(row.result(RowOutcome.EXISTS), line=earlier.line)
        if earlier.is_same:
            return merged_result(MergedRow(row.line, person.effective_login), first)
        return row.result(RowOutcome.REFUSED, f"row {earlier.line} has the same login and asked for something else")

    async def _account(self, company: int | None) -> KnownAccount:
        if company not in self._accounts:
            client = self.sender.client
            acting = client if company is None else client.as_company(company)
            self._accounts[company] = await KnownAccount.read(self.sender, acting, UnreadableRecords())
        return self._accounts[company]

    def _note_groups(self, plan: WindowPlan, groups: Mapping[tuple[int | None, str], Group]) -> None:
        """Let the next windows know the groups that this one has created."""
        known = plan.existing_groups
        for (company, name), group in groups.items():
            if (company, name) not in known:
                self._accounts[company].groups.append(group)


def _reason_of(error: APIError | StoppedError) -> str:
    return error.reason if isinstance(error, StoppedError) else reason_of(error)
