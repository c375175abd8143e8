"""What earlier runs have done of a roster, as its journal tells: rows that need nothing more, and writes in doubt."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias

from attrs import define, evolve, field

from coggno._protocol.identity import group_key
from coggno.models import Group
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.journal import (
    REMOVALS,
    Job,
    JobState,
    Journal,
    JournalScope,
    RecordedWrite,
    RowRecord,
    SavedGroup,
    SavedPlan,
    SavedUser,
    WriteKind,
    WriteOutcome,
)
from coggno.provisioning.outcomes import AS_WANTED, FOUND_OUT, RowOutcome, RowResult
from coggno.provisioning.planning.steps import PlannedRow
from coggno.provisioning.roster import Roster, Row

_WINDOW: Final = 500  # rows that are looked up at once
# A merged row ends as the row that it was merged into, which is worked out anew.
_DONE: Final = AS_WANTED - {RowOutcome.DUPLICATE}
# A run that stopped is continued with its plan, which has found these out; a run that was finished is not.
_DECIDED: Final = frozenset({RowOutcome.CONFLICT, RowOutcome.REFUSED, RowOutcome.REGISTERED_ELSEWHERE})
_ORDER: Final = tuple(RowOutcome)
_NUMBERS: Final = {outcome: number for number, outcome in enumerate(_ORDER, start=1)}

Key: TypeAlias = "tuple[int | None, str]"
"""Id of a connected company (`None` for that of the key), and the key of a login or a group."""


@define
class EarlierWrites:
    """Writes of earlier runs whose row or group is not finished.

    Attributes:
        now: seconds since the epoch.
    """

    _by_key: Mapping[Key, Sequence[RecordedWrite]] = field(factory=dict[Key, Sequence[RecordedWrite]])
    now: Callable[[], float] = time.time

    @classmethod
    def of(cls, writes: Iterable[RecordedWrite]) -> EarlierWrites:
        """Return the writes, to be found by their key."""
        by_key: dict[Key, list[RecordedWrite]] = {}
        for known in writes:
            by_key.setdefault((known.write.company, known.write.key), []).append(known)
        return cls(by_key)

    def group(self, company: int | None, name: str) -> RecordedWrite | None:
        """Return the last creation of a group, if there was one."""
        return self._last(company, group_key(name), WriteKind.CREATE_GROUP)

    def creation(self, company: int | None, key: str) -> RecordedWrite | None:
        """Return the creation of a user that has succeeded or may have, if there was one."""
        found = list(self._of(company, key, WriteKind.CREATE_USER))
        done = [each for each in found if each.outcome is WriteOutcome.DONE]
        return max(done or found, key=lambda each: each.intent, default=None)

    def memberships(self, company: int | None, key: str) -> Iterator[RecordedWrite]:
        """Yield the memberships of a user that were added, or may have been."""
        yield from self._of(company, key, WriteKind.ADD_MEMBER)

    def groups(self) -> Iterator[RecordedWrite]:
        """Yield the creations of groups."""
        for writes in self._by_key.values():
            yield from (each for each in writes if each.write.kind is WriteKind.CREATE_GROUP)

    def removals(self) -> Iterator[RecordedWrite]:
        """Yield the removals and deletions that were carried out, or may have been, and have no result."""
        for writes in self._by_key.values():
            yield from (each for each in writes if each.write.kind in REMOVALS)

    def age(self, known: RecordedWrite) -> float:
        """Return how many seconds ago a write was sent; 0 if the clock of the machine was set back since."""
        return max(0.0, self.now() - known.sent_at)

    def _last(self, company: int | None, key: str, kind: WriteKind) -> RecordedWrite | None:
        found = list(self._of(company, key, kind))
        return found[-1] if found else None

    def _of(self, company: int | None, key: str, kind: WriteKind) -> Iterator[RecordedWrite]:
        return (each for each in self._by_key.get((company, key), ()) if each.write.kind is kind)


@define
class Earlier:
    """What a journal knows of a roster when its run begins.

    Attributes:
        journal: the journal.
        state: of the job.
        counts: how many rows are done already, by outcome.
        writes: of rows and groups that are not finished.
        users: line -> the user whom the saved plan has found; `None` if no plan was saved.
        groups: the groups that the saved plan has found, or that earlier runs have created.
    """

    journal: Journal
    state: JobState
    counts: Counter[RowOutcome] = field(factory=Counter[RowOutcome])
    writes: EarlierWrites = field(factory=EarlierWrites)
    users: Mapping[int, SavedUser] | None = None
    groups: dict[Key, Group] = field(factory=dict[Key, Group])
    _is_rechecked: bool = False
    # By line, one byte each, 0 or the number of the outcome: a dictionary would take a hundred times as much.
    _ended: bytearray = field(factory=bytearray, repr=False)

    @property
    def done(self) -> int:
        """How many rows are done already."""
        return self.counts.total()

    @property
    def done_lines(self) -> Sequence[int]:
        """For each line a number, which is not 0 where the row is done; empty if no row is."""
        return b"" if self._is_rechecked or not self.done else self._ended

    def is_done(self, line: int) -> bool:
        """Return whether a row needs nothing more."""
        return not self._is_rechecked and line < len(self._ended) and bool(self._ended[line])

    def outcome(self, line: int) -> RowOutcome:
        """Return the outcome of a row that is done."""
        return _ORDER[self._ended[line] - 1]

    def result(self, row: Row) -> RowResult:
        """Return the result of a row that is done, as far as it is known without reading the journal."""
        return row.result(self.outcome(row.line), "done by an earlier run")

    async def results(self) -> AsyncIterator[RowResult]:
        """Yield the results of the rows that are done already."""
        async for result in self.journal.results():
            if self.is_done(result.line):
                yield result

    def claimed(self, row: Row, result: RowResult, company: int | None) -> RowResult:
        """Return the result of a row that needs nothing, as this job's own if an earlier run has done it.

        Args:
            row: the row.
            result: as the lists of the server show it.
            company: id of the connected company, if the row is for one.
        """
        if result.outcome is not RowOutcome.EXISTS or row.person is None:
            return result
        claim = self._claim(row.line, company, row.person.key)
        if claim is None:
            return result
        outcome, inferred = claim
        claimed = evolve(result, outcome=outcome, inferred=inferred, detail=FOUND_OUT if inferred else "")
        self.journal.record(RowRecord(result=claimed, digest=row.digest, key=row.person.key, company=company))
        return claimed

    def _claim(self, line: int, company: int | None, key: str) -> tuple[RowOutcome, bool] | None:
        """Return how a row ended by what earlier runs have sent, and whether that is inferred."""
        creation = self.writes.creation(company, key)
        if creation is not None:
            return RowOutcome.CREATED, creation.is_open
        if line < len(self._ended) and self._ended[line] and self.outcome(line) is RowOutcome.CREATED:
            return RowOutcome.CREATED, False
        added = list(self.writes.memberships(company, key))
        return (RowOutcome.JOINED, any(each.is_open for each in added)) if added else None

    async def save(self, steps: Iterable[PlannedRow | RowResult], groups: Mapping[Key, Group]) -> None:
        """Keep what a plan has found, so that a run that continues this one reads no list.

        Args:
            steps: of the plan.
            groups: company and name -> the existing group.

        Raises:
            JournalError: it cannot be written.
        """
        users: list[SavedUser] = []
        for step in steps:
            if isinstance(step, RowResult):
                # Before the plan: a continued run takes a row that is in neither for a user to create.
                self.journal.record(RowRecord(result=step))
            elif step.user_id is not None:
                users.append(SavedUser(line=step.row.line, user_id=step.user_id, missing=step.missing))
        saved = [SavedGroup(name=name, id=group.id, company=company) for (company, name), group in groups.items()]
        await self.journal.save_plan(SavedPlan(groups=saved, users=users))

    async def load(self, roster: Roster, *, recheck: bool) -> None:
        """Read what is done.

        Args:
            roster: what is wanted.
            recheck: whether everything is compared with the server again.
        """
        self.writes = EarlierWrites.of(await self.journal.writes())
        self._is_rechecked = recheck
        plan = None if recheck or self.state.is_finished else await self.journal.saved_plan()
        if plan is not None:
            self._use(plan)
        self._ended = bytearray(roster.last_line + 1)
        # The check of the roster refuses these again, and merged rows end with their first one: each has one result.
        again = {result.line for result in roster.rejections()}
        numbers = {outcome: _NUMBERS[outcome] for outcome in (_DONE if plan is None else _DONE | _DECIDED)}
        ended, last, merged = self._ended, roster.last_line, roster.merged if len(roster.merged) else None
        async for part in self.journal.outcomes():
            for line, outcome in part:
                number = numbers.get(outcome)
                is_new = line in again or (merged is not None and merged.first_of(line) is not None)
                if number is not None and 0 < line <= last and not is_new:
                    ended[line] = number
        # Counted at the end: the same row may have had several outcomes, and there may be a million.
        if not recheck:
            self.counts.update(
                {outcome: count for outcome, number in numbers.items() if (count := ended.count(number))}
            )

    def _use(self, plan: SavedPlan) -> None:
        self.users = {user.line: user for user in plan.users}
        self.groups = {(each.company, each.name): Group(id=each.id, name=each.name) for each in plan.groups}
        for known in self.writes.groups():
            if known.outcome is WriteOutcome.DONE and known.result_id is not None:
                write = known.write
                self.groups[write.company, write.name] = Group(id=known.result_id, name=write.name)


async def read_earlier(
    journal: Journal, roster: Roster, client: ProvisioningClient, *, recheck: bool, saved_plan: str = ""
) -> Earlier:
    """Begin the job of a roster, and return what earlier runs have done of it.

    Args:
        journal: keeps the job.
        roster: what is wanted.
        client: will send the requests.
        recheck: whether everything is compared with the server again.
        saved_plan: what identifies the saved plan that is carried out, if it is one.

    Raises:
        JournalError: the journal cannot be used.
        RosterError: the roster has changed.
    """
    state = await journal.begin(
        Job(
            scope=JournalScope.of(client),
            roster=str(roster.path or roster.name),
            digest=roster.digest,
            rows=len(roster.rows),
            settings=roster.settings,
            accepts_new_key=recheck,
            plan=saved_plan,
        )
    )
    if state.number > 1 and not state.is_planned:
        await _copy_unchanged(journal, roster)
    earlier = Earlier(journal, state)
    await earlier.load(roster, recheck=recheck)
    return earlier


async def _copy_unchanged(journal: Journal, roster: Roster) -> None:
    """Copy the results of rows that an earlier roster had as well, so that they are results of this job."""
    rows = iter(roster.accepted)
    while window := [(row.line, row.digest) for row in islice(rows, _WINDOW)]:
        found = await journal.earlier_results(window)
        for line, digest in window:
            if line in found:
                journal.record(RowRecord(result=found[line], digest=digest))
    await journal.flush()
