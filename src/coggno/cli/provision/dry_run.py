"""What a plan would do and how its rows would end, for `--dry-run`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from attrs import frozen

from coggno.provisioning import Plan, Row, RowResult


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
        """Return what the run does."""
        counts = self.plan.counts(makes_passwords=self.makes_passwords)
        return PlannedChanges(users=counts.new_users, memberships=counts.new_memberships, groups=counts.group_names)

    def results(self) -> Iterator[tuple[Row, RowResult]]:
        """Yield every row with the outcome that it would have, in the order of the lines."""
        yield from zip(self.plan.roster.rows, self.plan.forecast(makes_passwords=self.makes_passwords), strict=True)

    async def rows(self) -> AsyncIterator[tuple[Row, RowResult]]:
        """Yield what `results` yields."""
        for pair in self.results():
            yield pair
