"""Counts of a report: by state, in total, by document and by group."""

from __future__ import annotations

from collections import Counter
from typing import Final

from attrs import define, field

from coggno.reports.completion_row import CompletionRow, CompletionState

NO_GROUP: Final = "(no group)"
"""Where people are counted who are in none of the groups."""


@define
class CompletionCounts:
    """How many users are in each state.

    Attributes:
        states: state -> users.
    """

    states: Counter[CompletionState] = field(factory=Counter[CompletionState])

    @property
    def total(self) -> int:
        """All users."""
        return self.states.total()

    @property
    def passed(self) -> int:
        """Users who have passed."""
        return self.states[CompletionState.PASSED]

    @property
    def licensed(self) -> int:
        """Users who have a license."""
        return self.total - self.states[CompletionState.NO_LICENSE]

    @property
    def share(self) -> int | None:
        """Percentage of the users with a license who have passed; `None` if nobody has a license."""
        # Rounded down, so that 100 means everybody: 1,999 of 2,000 are 99 %.
        return 100 * self.passed // self.licensed if self.licensed else None

    def add(self, state: CompletionState) -> None:
        """Count a user."""
        self.states[state] += 1


@define
class CompletionStatistics:
    """Counts the rows of a report.

    Attributes:
        total: all rows.
        by_document: id -> counts.
        titles: id of a document -> its title.
        by_group: name of a group -> counts; a user of two groups counts in both.
    """

    total: CompletionCounts = field(factory=CompletionCounts)
    by_document: dict[int, CompletionCounts] = field(factory=dict[int, CompletionCounts])
    titles: dict[int, str] = field(factory=dict[int, str])
    by_group: dict[str, CompletionCounts] = field(factory=dict[str, CompletionCounts])

    def add(self, row: CompletionRow) -> None:
        """Count a row."""
        self.total.add(row.state)
        self.titles.setdefault(row.document_id, row.document)
        self.by_document.setdefault(row.document_id, CompletionCounts()).add(row.state)
        for name in row.groups or (NO_GROUP,):
            self.by_group.setdefault(name, CompletionCounts()).add(row.state)
