"""Counts results, and keeps of the rows that need attention as many as a person reads."""

from __future__ import annotations

from collections import Counter
from typing import Final

from attrs import define, field

from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.report.labels import detail_of, label_of, outcome_name
from coggno.provisioning.roster import Row

LISTED: Final = 10  # rows of each kind that a summary shows; more would push the headline off the screen
_KEPT: Final = 200  # rows of each kind that are kept: a report on a page shows more than a terminal
_DETAILS: Final = 1000  # different details that are kept: each may name a row of its own, in a roster of any length
MISSING_PASSWORD: Final = "password is missing"  # noqa: S105 - a message


@define
class AlikeRows:
    """Rows that ended with the same detail.

    Attributes:
        detail: what there is to say about each of them.
        count: how many they are.
        rows: the first of them, no more than a summary lists.
    """

    detail: str
    count: int = 0
    rows: list[RowResult] = field(factory=list[RowResult])

    @property
    def is_common(self) -> bool:
        """Whether they are so many that one line stands for all: ten lines of it would hide all others."""
        return self.count > LISTED


@define
class ProblemRows:
    """The rows with one outcome that needs attention.

    Attributes:
        count: how many they are.
        first: the first of them, in the order in which they were added.
    """

    count: int = 0
    first: list[RowResult] = field(factory=list[RowResult])
    _alike: dict[str, AlikeRows] = field(factory=dict[str, AlikeRows])

    def add(self, result: RowResult) -> None:
        """Count a row."""
        self.count += 1
        if len(self.first) < _KEPT:
            self.first.append(result)
        detail = detail_of(result)
        alike = self._alike.get(detail)
        if alike is None:
            if len(self._alike) == _DETAILS:
                return
            alike = self._alike[detail] = AlikeRows(detail)
        alike.count += 1
        if len(alike.rows) < LISTED:
            alike.rows.append(result)

    def common(self) -> list[AlikeRows]:
        """Return the rows whose detail many have in common, the most frequent first."""
        return sorted((rows for rows in self._alike.values() if rows.is_common), key=lambda rows: -rows.count)[:LISTED]

    def single(self, limit: int = LISTED) -> list[RowResult]:
        """Return the first rows that `common` does not cover.

        Args:
            limit: how many at most.
        """
        if limit > LISTED:
            return [result for result in self.first if not self._is_common(result)][:limit]
        rows = (row for alike in self._alike.values() if not alike.is_common for row in alike.rows)
        return sorted(rows, key=lambda result: result.line)[:limit]

    def _is_common(self, result: RowResult) -> bool:
        alike = self._alike.get(detail_of(result))
        return alike is not None and alike.is_common


@define
class RunStatistics:
    """What became of the rows of a run, added in the order of their lines.

    Attributes:
        labels: label -> rows with that outcome.
        outcomes: the same by the names that programs read.
        inferred: rows whose outcome was found by a check, as a response was lost.
        missing_passwords: rows that need a password.
        problems: label -> the rows that need attention.
        groups: name of a group -> label -> rows that are to be in it.
    """

    labels: Counter[str] = field(factory=Counter[str])
    outcomes: Counter[str] = field(factory=Counter[str])
    inferred: int = 0
    missing_passwords: int = 0
    problems: dict[str, ProblemRows] = field(factory=dict[str, ProblemRows])
    groups: dict[str, Counter[str]] = field(factory=dict[str, Counter[str]])

    def add(self, row: Row, result: RowResult) -> None:
        """Count the result of a row."""
        label = label_of(result)
        self.labels[label] += 1
        self.outcomes[outcome_name(result)] += 1
        self.inferred += result.inferred
        self.missing_passwords += MISSING_PASSWORD in result.detail
        if not result.is_as_wanted:
            self.problems.setdefault(label, ProblemRows()).add(result)
        for name in row.person.groups if row.person else ():
            self.groups.setdefault(name, Counter())[label] += 1
