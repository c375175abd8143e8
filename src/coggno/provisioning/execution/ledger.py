"""Which rows have been reported: every row exactly once, rows that were merged into another included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from coggno.provisioning.outcomes import Progress, RowOutcome, RowResult
from coggno.provisioning.planning import merged_result
from coggno.provisioning.roster import Roster


class Ledger:
    """Counts results and remembers whose are still to come.

    Args:
        roster: whose rows are reported.
        earlier: counts of the rows that earlier runs have done, which are in the progress from the beginning.
    """

    def __init__(self, roster: Roster, earlier: Mapping[RowOutcome, int]) -> None:
        self._total = len(roster.rows)
        self._merged = roster.merged
        # By line, one byte each: a set of a million lines would take a hundred times as much.
        self._reported = bytearray(roster.last_line + 1)
        self._counts: Counter[RowOutcome] = Counter(earlier)
        self._removed = 0

    @property
    def progress(self) -> Progress:
        """How many rows have been reported."""
        return Progress(total=self._total, done=self.done, counts=Counter(self._counts), removed=self._removed)

    @property
    def done(self) -> int:
        """How many rows have been reported."""
        return self._counts.total()

    @property
    def is_complete(self) -> bool:
        """Whether every row has been reported."""
        return sum(self._reported) == self._total

    def report(self, result: RowResult) -> RowResult:
        """Count a result, and return it."""
        if not result.line:
            # Somebody who is in no row: the counts of rows have to add up to the roster.
            self._removed += 1
            return result
        self._reported[result.line] = True
        self._counts[result.outcome] += 1
        return result

    def forget_earlier(self, result: RowResult) -> None:
        """Note that a row that an earlier run has done is to be reported now."""
        self._counts[result.outcome] -= 1

    def is_reported(self, line: int) -> bool:
        """Return whether the row in `line` has been reported."""
        return bool(self._reported[line])

    def with_merged(self, result: RowResult) -> Iterator[RowResult]:
        """Yield a result, and those of the rows that were merged into its row."""
        yield result
        for merged in self._merged.with_first(result.line, result.login):
            yield merged_result(merged, result)
