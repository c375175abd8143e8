"""What a plan comes to. Pure."""

from __future__ import annotations

from collections.abc import Container
from typing import TypeAlias

from attrs import define, field, frozen

from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.planning.steps import PlannedRow

GroupOfCompany: TypeAlias = "tuple[int | None, str]"
"""Id of a connected company (`None` for that of the key), and the name of one of its groups."""


@frozen
class PlanCounts:
    """What a plan comes to.

    Attributes:
        new_groups: groups to create, in the order of the roster.
        new_users: how many users are to be created.
        new_memberships: how many memberships are to be created, those of new users included.
        planned: how many rows there is something to do for.
        decided: how many rows need nothing, or cannot be carried out.
    """

    new_groups: tuple[GroupOfCompany, ...]
    new_users: int
    new_memberships: int
    planned: int
    decided: int

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the groups to create; with the company, where it is not that of the key."""
        return tuple(_group_text(*group) for group in self.new_groups)

    def created(self, present: Container[GroupOfCompany]) -> tuple[str, ...]:
        """Return which of `group_names` are among the groups that there are now."""
        return tuple(_group_text(*group) for group in self.new_groups if group in present)


@define
class PlanCounter:
    """Counts what is to be done, row by row.

    Attributes:
        known: the groups that exist.
        new_users: how many users are to be created.
        new_memberships: how many memberships are to be created.
        planned: how many rows there is something to do for.
        decided: how many rows need nothing, or cannot be carried out.
    """

    known: Container[GroupOfCompany]
    new_users: int = 0
    new_memberships: int = 0
    planned: int = 0
    decided: int = 0
    # A dictionary as a set that keeps the order of the roster.
    _new_groups: dict[GroupOfCompany, None] = field(factory=dict[GroupOfCompany, None])

    def note(self, step: PlannedRow | RowResult) -> None:
        """Count what is to be done for one row."""
        if isinstance(step, RowResult):
            self.decided += 1
            return
        self.planned += 1
        self.new_users += step.user_id is None
        self.new_memberships += len(step.missing)
        for name in step.missing:
            group = (step.company, name)
            if group not in self.known:
                self._new_groups[group] = None

    def counts(self) -> PlanCounts:
        """Return what was counted so far."""
        return PlanCounts(tuple(self._new_groups), self.new_users, self.new_memberships, self.planned, self.decided)


def _group_text(company: int | None, name: str) -> str:
    return name if company is None else f"{name} (company {company})"
