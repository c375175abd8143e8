"""Rows of earlier windows that are as wanted: 24 bytes for each, whatever they hold. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from attrs import define, field, frozen

from coggno.provisioning.planning.wanted import digest_of
from coggno.provisioning.roster import Person, Row


@frozen
class ReportedRow:
    """A row of an earlier window for the same login.

    Attributes:
        line: its number.
        is_same: whether it asked for the same.
    """

    line: int
    is_same: bool


@frozen
class _SortedRun:
    """Some rows, sorted by the digest of their login."""

    keys: array[int]
    wishes: array[int]
    lines: array[int]

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> _SortedRun:
        ordered = sorted(rows)
        return cls(*(array("Q", (row[index] for row in ordered)) for index in range(3)))

    def __len__(self) -> int:
        return len(self.keys)

    def merged(self, other: _SortedRun) -> _SortedRun:
        both = (zip(run.keys, run.wishes, run.lines, strict=True) for run in (self, other))
        return _SortedRun.of(row for rows in both for row in rows)


@define
class ReportedRows:
    """Rows that are as wanted, found by their login.

    New rows go into a run of their own; two runs of about one size become one (a log-structured merge), so that adding
    a window does not move all rows before it.
    """

    _runs: list[_SortedRun] = field(factory=list[_SortedRun])

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._runs))

    def add(self, rows: Iterable[Row]) -> None:
        """Remember rows."""
        run = _SortedRun.of((digest_of(row.person.key), _wish(row), row.line) for row in rows if row.person is not None)
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = run.merged(self._runs.pop())
        self._runs.append(run)

    def find(self, row: Row, person: Person) -> ReportedRow | None:
        """Return the earlier row for the same login, if there is one."""
        key = digest_of(person.key)
        for run in self._runs:
            at = bisect_left(run.keys, key)
            if at < len(run) and run.keys[at] == key:
                return ReportedRow(run.lines[at], run.wishes[at] == _wish(row))
        return None


def _wish(row: Row) -> int:
    return int.from_bytes(row.digest[:8])
