"""What is told at the end of a run: counts and problem rows, for a person or for a program."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, field

from coggno.cli.exit_codes import ExitCode
from coggno.cli.provision.files import Files
from coggno.cli.terminal import output
from coggno.provisioning import Roster, RowOutcome, RowResult, Summary

_LISTED: Final = 10  # problem rows of each kind
_WITHOUT: Final = "password is missing"
_MAKE: Final = "Passwords can be made for rows without one: --generate-passwords FILE"
_FILL_IN: Final = "Fill in the passwords that are missing; for people who shall get new ones: --generate-passwords FILE"


@define
class Report:
    """What became of the rows, and of the run.

    Attributes:
        roster: the input.
        files: where things are read and written.
        is_forecast: whether nothing was done, in a dry run.
        results: line -> what became of the row.
        summary: the counts, and why the run ended early, if it did.
        is_interrupted: whether a person wanted it to.
        unwritten: why the files could not be written, if they could not.
        to_run_again: how many rows `failed.csv` has.
        new_groups: names of groups that the run has to make.
    """

    roster: Roster
    files: Files
    is_forecast: bool = False
    results: dict[int, RowResult] = field(factory=dict[int, RowResult])
    summary: Summary = field(factory=Summary)
    is_interrupted: bool = False
    unwritten: str | None = None
    to_run_again: int = 0
    new_groups: tuple[str, ...] = ()

    def add(self, result: RowResult) -> None:
        """Note one row."""
        self.results[result.line] = result
        self.summary.add(result)

    def exit_code(self, *, allow_refused: bool) -> int:
        """Return the exit code of the run.

        Args:
            allow_refused: rows that the roster's own check refused do not count; those refused later do.
        """
        if self.is_interrupted:
            return ExitCode.INTERRUPTED
        code = self.summary.exit_code(forgiven=self._refused_by_the_check() if allow_refused else 0)
        return ExitCode.FAILED if code == ExitCode.OK and self.unwritten is not None else code

    def _refused_by_the_check(self) -> int:
        rejections = [result.outcome for result in self.roster.rejections()]
        return self.summary.counts[RowOutcome.INVALID] + rejections.count(RowOutcome.REFUSED)

    def as_data(self) -> dict[str, Any]:
        """Return the summary for programs."""
        return {
            "roster": self.roster.name,
            "dry_run": self.is_forecast,
            "rows": len(self.roster.rows),
            "outcomes": {outcome.value: count for outcome, count in self.summary.counts.most_common()},
            "not_as_wanted": self.summary.not_as_wanted,
            "stopped": self.summary.stopped,
            "new_groups": list(self.new_groups),
            "seconds": round(self.summary.seconds, 3),
            "results": None if self.is_forecast or self.unwritten else str(self.files.results),
            "failed": str(self.files.failed) if self.to_run_again else None,
            "passwords": str(self.files.passwords) if self.files.passwords and not self.is_forecast else None,
            "problems": [_problem(result) for results in self._problems().values() for result in results],
            "warnings": list(self.roster.warnings),
        }

    def as_text(self) -> Iterator[str]:
        """Yield the lines of the summary for a person."""
        yield from self._headline()
        for outcome in self._problems():
            yield from self._kind(outcome)
        if any(_WITHOUT in result.detail for result in self.results.values()):
            yield ""
            has_column = len(self.roster.visible) < len(self.roster.header)
            yield _FILL_IN if has_column else _MAKE
        if not self.is_forecast and self.unwritten is None:
            yield ""
            yield from self._written()

    def _headline(self) -> Iterator[str]:
        counts = [f"{count:,} {outcome}" for outcome, count in self.summary.counts.most_common()]
        total = len(self.roster.rows)
        part = "" if self.summary.rows == total else f"{self.summary.rows:,} of "
        when = "would be" if self.is_forecast else f"in {self.summary.seconds:.1f} s"
        yield f"{part}{output.count_rows(total)} {when}: {', '.join(counts)}"
        if self.is_forecast and self.new_groups:
            yield f"Groups to make: {', '.join(self.new_groups)}"
        inferred = sum(result.inferred for result in self.results.values())
        if inferred:
            yield f"Of {inferred:,} the answer was lost, and what happened was found out by looking"

    def _problems(self) -> dict[str, list[RowResult]]:
        """Return the first rows of each outcome that needs care, in the order of their lines."""
        kinds: defaultdict[str, list[RowResult]] = defaultdict(list)
        for _, result in sorted(self.results.items()):
            if not result.is_as_wanted and len(kinds[result.outcome]) < _LISTED:
                kinds[result.outcome].append(result)
        return dict(kinds)

    def _kind(self, outcome: str) -> Iterator[str]:
        """Tell of the rows of one outcome; what many have in common is said once."""
        rows = [result for _, result in sorted(self.results.items()) if result.outcome == outcome]
        alike = Counter(result.detail for result in rows)
        single = [result for result in rows if alike[result.detail] <= _LISTED]
        yield ""
        yield f"{outcome}:"
        for detail, count in alike.most_common():
            if count > _LISTED:
                first = next(result.line for result in rows if result.detail == detail)
                yield f"  {count:,} rows, the first in line {first}: {detail or outcome}"
        for result in single[:_LISTED]:
            yield f"  line {result.line}, {result.login or 'no login'}: {result.detail or outcome}"
        if len(single) > _LISTED:
            yield f"  and {len(single) - _LISTED:,} more" + ("" if self.is_forecast else f", see {self.files.results}")

    def _gives_passwords(self) -> bool:
        return any(row.person is not None and row.person.password is not None for row in self.roster.rows)

    def _written(self) -> Iterator[str]:
        yield f"Every row with its outcome: {self.files.results}"
        if self.to_run_again:
            count = output.count_rows(self.to_run_again)
            yield f"Rows to run again: {self.files.failed} ({count}; passwords are not in it)"
            if self.files.roster is not None and self._gives_passwords():
                yield f"Or put them right in {self.files.roster}, where their passwords are, and run that again"
        if self.files.passwords is not None:
            yield f"Passwords: {self.files.passwords}"


def _problem(result: RowResult) -> dict[str, Any]:
    return {"line": result.line, "login": result.login, "outcome": result.outcome.value, "detail": result.detail}
