"""What a plan would do and how its rows would end, for `--dry-run`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from attrs import frozen

from coggno.provisioning import Plan, PlannedRow, Row, RowOutcome, RowResult


@frozen(kw_only=True)
class PlannedChanges:
    """What a run is going to do.

    Attributes:
        users: how many users it creates.
        memberships: how many memberships it creates, those of new users included.
        groups: names of the groups that it creates.
    """

    users: int = 0
    memberships: int = 0
    groups: tuple[str, ...] = ()


@frozen
class DryRun:
    """What becomes of a plan if every request succeeds.

    Attributes:
        plan: what would be done.
        makes_passwords: whether passwords would be generated for new users without one.
    """

    plan: Plan
    makes_passwords: bool

    def changes(self) -> PlannedChanges:
        """Return what the run does, rows that lack a password left out."""
        users = memberships = 0
        used: set[str] = set()
        for planned in self.plan.planned:
            if self._lacks_password(planned):
                continue
            users += planned.user is None
            memberships += len(planned.missing)
            used.update(planned.missing)
        groups = tuple(name for name in self.plan.new_groups if name in used)
        return PlannedChanges(users=users, memberships=memberships, groups=groups)

    def results(self) -> Iterator[tuple[Row, RowResult]]:
        """Yield every row with the outcome that it would have, in the order of the lines."""
        invalid = {planned.row.line for planned in self.plan.planned if self._lacks_password(planned)}
        for row, result in zip(self.plan.roster.rows, self.plan.forecast(), strict=True):
            first = row.line if row.merged_into is None else row.merged_into
            is_invalid = first in invalid
            yield row, row.result(RowOutcome.INVALID, "password is missing") if is_invalid else result

    async def rows(self) -> AsyncIterator[tuple[Row, RowResult]]:
        """Yield what `results` yields."""
        for pair in self.results():
            yield pair

    def _lacks_password(self, planned: PlannedRow) -> bool:
        # The plan assumes a password for everybody; without --generate-passwords the run rejects these rows.
        person = planned.row.person
        has_password = person is not None and person.password is not None
        return not self.makes_passwords and planned.user is None and not has_password
