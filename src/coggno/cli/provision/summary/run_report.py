"""The end of a run: what became of the rows, and which rows need attention."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from attrs import define, field

from coggno.cli.exit_codes import ExitCode, exit_code_of_run
from coggno.cli.provision.events import EventStream
from coggno.cli.provision.files import RunFiles
from coggno.provisioning import Leavers, Roster, Row, RowOutcome, RowResult, RunStatus, Summary
from coggno.provisioning.planning.counts import PlanCounts
from coggno.provisioning.report import LISTED, RunStatistics, outcome_name


@define
class RunReport:
    """What became of the rows, and of the run.

    Attributes:
        roster: the input.
        files: where the run reads and writes.
        is_dry_run: whether nothing was changed.
        events: the stream of events, if there is one; it gets the summary.
        statistics: the counts, and the rows that need attention.
        summary: the counts that decide on the exit code, and why the run ended early, if it did.
        is_interrupted: whether a person pressed Ctrl-C.
        write_error: why the files could not be written, if they could not.
        began: when the run began, in seconds since the epoch.
        to_run_again: how many rows the file of rows to run again has.
        changes: what the run does, as it was planned.
        created_groups: names of the groups that the run has created.
        leavers: who was to be removed, as it was planned; `None` unless that was asked for.
        removed: results of those who are in no row, by this run.
        all_removed: the same, those of earlier runs of the roster included.
        refused_removals: why nobody was removed, if that was asked for and refused.
        done_earlier: how many rows an earlier run has done.
    """

    roster: Roster
    files: RunFiles
    is_dry_run: bool = False
    events: EventStream | None = None
    statistics: RunStatistics = field(factory=RunStatistics)
    summary: Summary = field(factory=Summary)
    is_interrupted: bool = False
    write_error: str | None = None
    began: float = field(factory=time.time)
    to_run_again: int = 0
    changes: PlanCounts | None = None
    created_groups: tuple[str, ...] = ()
    leavers: Leavers | None = None
    removed: list[RowResult] = field(factory=list[RowResult])
    all_removed: list[RowResult] = field(factory=list[RowResult])
    refused_removals: str | None = None
    done_earlier: int = 0

    def add(self, row: Row, result: RowResult) -> None:
        """Add the result of one row."""
        self.statistics.add(row, result)
        self.summary.add(result)

    def add_write_error(self, error: Exception) -> None:
        """Take note of a file that could not be written; it must not hide the run, which has changed accounts."""
        what = str(error).rstrip(".")
        self.write_error = f"{what}. Run the same command again: it writes the file, and changes nothing twice."

    def reset(self) -> None:
        """Forget all results."""
        self.statistics = RunStatistics()
        self.summary = Summary(seconds=self.summary.seconds, stopped=self.summary.stopped)

    def exit_code(self, *, allow_refused: bool, is_printed: bool) -> ExitCode:
        """Return the exit code of the run.

        Args:
            allow_refused: rows that the check of the roster rejects do not count; those rejected later do.
            is_printed: whether the summary could be printed.
        """
        status = self.summary.status(forgiven=self._rejected_by_the_check() if allow_refused else 0)
        if status is RunStatus.COMPLETE and not self._is_removed():
            status = RunStatus.INCOMPLETE
        is_written = is_printed and self.write_error is None
        return exit_code_of_run(status, is_interrupted=self.is_interrupted, is_written=is_written)

    def _is_removed(self) -> bool:
        """Return whether everybody was removed who was to be, or would be in a run."""
        return not self.is_removal_refused and all(result.is_as_wanted for result in self.removed)

    @property
    def is_removal_refused(self) -> bool:
        """Whether somebody was to be removed, and nobody is, or would be."""
        is_refused = self.is_dry_run and self.leavers is not None and self.leavers.objection() is not None
        return is_refused or self.refused_removals is not None

    def _rejected_by_the_check(self) -> int:
        # `refused` may also be the API's word; `invalid` never is.
        return self.summary.counts[RowOutcome.INVALID] + self.roster.rejected.get(RowOutcome.REFUSED, 0)

    def start_data(self) -> dict[str, Any]:
        """Return what is known before the first row, for programs."""
        return {
            "roster": self.roster.name,
            "dry_run": self.is_dry_run,
            "rows": len(self.roster.rows),
            "done_earlier": self.done_earlier,
            **self._planned_data(),
        }

    def _planned_data(self) -> dict[str, Any]:
        changes = self.changes
        if changes is None:
            return {}
        return {
            "new_users": changes.new_users,
            "new_groups": list(changes.group_names),
            "new_memberships": changes.new_memberships,
            "removals": None if self.leavers is None else self.leavers.count,
        }

    def as_data(self) -> dict[str, Any]:
        """Return the summary for programs."""
        return {
            **self.start_data(),
            "outcomes": dict(self.statistics.outcomes.most_common()),
            "removed": dict(Counter(map(outcome_name, self.all_removed)).most_common()),
            "removals_refused": self.refused_removals,
            "not_as_wanted": self.summary.not_as_wanted,
            "not_attempted": self.summary.not_attempted,
            "stopped": self.summary.stopped,
            "seconds": round(self.summary.seconds, 3),
            "results": None if self.write_error else str(self.files.results),
            "failed": str(self.files.failed) if self.to_run_again else None,
            "journal": str(self.files.journal) if self.files.journal else None,
            "passwords": str(self.files.passwords) if self._has_passwords() else None,
            "report": str(self.files.report) if self.files.report else None,
            "problems": [_as_problem(result) for result in self._first_problems()],
            "warnings": list(self.roster.warnings),
        }

    def _has_passwords(self) -> bool:
        # A run that has generated none leaves no file behind.
        return self.files.passwords is not None and self.files.passwords.exists() and not self.is_dry_run

    def _first_problems(self) -> Iterator[RowResult]:
        """Yield the first rows of each outcome that needs attention."""
        for problems in self.statistics.problems.values():
            yield from problems.first[:LISTED]


def _as_problem(result: RowResult) -> dict[str, Any]:
    return {"line": result.line, "login": result.login, "outcome": outcome_name(result), "detail": result.detail}
