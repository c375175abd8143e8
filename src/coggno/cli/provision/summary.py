"""The end of a run: what became of the rows, and which rows need attention."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, field

from coggno.cli.exit_codes import ExitCode, exit_code_of_run
from coggno.cli.provision.files import RunFiles
from coggno.cli.provision.labels import outcome_name
from coggno.provisioning import Roster, RowOutcome, RowResult, Summary

LISTED: Final = 10  # rows of each kind; more would push the headline off the screen


@define
class RunReport:
    """What became of the rows, and of the run.

    Attributes:
        roster: the input.
        files: where the run reads and writes.
        is_dry_run: whether nothing was changed.
        results: line -> what became of the row.
        summary: the counts, and why the run ended early, if it did.
        is_interrupted: whether a person pressed Ctrl-C.
        write_error: why the files could not be written, if they could not.
        to_run_again: how many rows the file of rows to run again has.
        new_groups: names of groups that the run creates.
    """

    roster: Roster
    files: RunFiles
    is_dry_run: bool = False
    results: dict[int, RowResult] = field(factory=dict[int, RowResult])
    summary: Summary = field(factory=Summary)
    is_interrupted: bool = False
    write_error: str | None = None
    to_run_again: int = 0
    new_groups: tuple[str, ...] = ()

    def add(self, result: RowResult) -> None:
        """Add the result of one row."""
        self.results[result.line] = result
        self.summary.add(result)

    def exit_code(self, *, allow_refused: bool, is_printed: bool) -> ExitCode:
        """Return the exit code of the run.

        Args:
            allow_refused: rows that the check of the roster rejects do not count; those rejected later do.
            is_printed: whether the summary could be printed.
        """
        status = self.summary.status(forgiven=self._rejected_by_the_check() if allow_refused else 0)
        is_written = is_printed and self.write_error is None
        return exit_code_of_run(status, is_interrupted=self.is_interrupted, is_written=is_written)

    def _rejected_by_the_check(self) -> int:
        # `refused` may also be the API's word; `invalid` never is.
        rejections = [result.outcome for result in self.roster.rejections()]
        return self.summary.counts[RowOutcome.INVALID] + rejections.count(RowOutcome.REFUSED)

    def in_order(self) -> Iterator[RowResult]:
        """Yield the results in the order of their lines."""
        for _, result in sorted(self.results.items()):
            yield result

    def as_data(self) -> dict[str, Any]:
        """Return the summary for programs."""
        return {
            "roster": self.roster.name,
            "dry_run": self.is_dry_run,
            "rows": len(self.roster.rows),
            "outcomes": dict(Counter(map(outcome_name, self.in_order())).most_common()),
            "not_as_wanted": self.summary.not_as_wanted,
            "not_attempted": self.summary.not_attempted,
            "stopped": self.summary.stopped,
            "new_groups": list(self.new_groups),
            "seconds": round(self.summary.seconds, 3),
            "results": None if self.is_dry_run or self.write_error else str(self.files.results),
            "failed": str(self.files.failed) if self.to_run_again else None,
            "passwords": str(self.files.passwords) if self.files.passwords and not self.is_dry_run else None,
            "problems": [_as_problem(result) for result in self._first_problems()],
            "warnings": list(self.roster.warnings),
        }

    def _first_problems(self) -> Iterator[RowResult]:
        """Yield the first rows of each outcome that needs attention."""
        by_outcome: defaultdict[str, list[RowResult]] = defaultdict(list)
        for result in self.in_order():
            if not result.is_as_wanted and len(by_outcome[outcome_name(result)]) < LISTED:
                by_outcome[outcome_name(result)].append(result)
        for results in by_outcome.values():
            yield from results


def _as_problem(result: RowResult) -> dict[str, Any]:
    return {"line": result.line, "login": result.login, "outcome": outcome_name(result), "detail": result.detail}
