"""The files of a run: their paths, and that they can be written, checked before anything is sent."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Final, Self

from attrs import evolve, frozen

from coggno.cli.exit_codes import CommandError
from coggno.provisioning import PlanError, PlanFile, Roster, are_results_of, check_writable, holds_results
from coggno.provisioning.journal import JournalLocation
from coggno.provisioning.report import holds_report
from coggno.provisioning.results import holds_forecast

_RESULTS: Final = "results.csv"
_FAILED_NAME: Final = re.compile(r"failed(?:-(\d+))?\.csv", re.IGNORECASE)
_RESULTS_STEM: Final = re.compile(r"results(-\d+)?")
_PASSWORDS: Final = "file of passwords"
_REPORT: Final = "report"
_PLAN: Final = "plan"
_JOURNAL: Final = "journal"
_OPTIONS: Final = {_REPORT: "--report", _PLAN: "--plan-out", _JOURNAL: "--journal", _PASSWORDS: "--generate-passwords"}
_BYTES_PER_ROW: Final = 300  # that outcome and detail take in the results file, generously


@frozen(kw_only=True)
class RunFiles:
    """Paths of a run.

    Attributes:
        roster: what is read; `None` for standard input.
        results: every row with its outcome.
        failed: the rows to run again.
        passwords: the generated passwords, if there are any.
        report: the report as HTML, if one is wanted.
        plan: the plan of a dry run, if it is to be saved.
        journal: where is kept what was sent and what became of it; `None` if it is not kept.
        kept_because: which file is kept and why, on account of which these have another name; empty if none is.
        is_forecast: whether nothing but the results is written, by a dry run.
        wanted: the results, before they were numbered.
        number: which number they have.
    """

    roster: Path | None
    results: Path
    failed: Path
    passwords: Path | None
    report: Path | None = None
    plan: Path | None = None
    journal: JournalLocation | None = None
    kept_because: str = ""
    is_forecast: bool = False
    wanted: Path = Path(_RESULTS)
    number: int = 1

    @classmethod
    def of(
        cls,
        roster: str,
        *,
        results: Path | None = None,
        passwords: Path | None = None,
        report: Path | None = None,
        plan: Path | None = None,
        journal: JournalLocation | None = None,
        is_forecast: bool = False,
    ) -> Self:
        """Return the files of a run.

        Args:
            roster: path of the roster, or `-` for standard input.
            results: path of the results; `results.csv` if not given, or `results-2.csv` if the roster is the
                `failed.csv` of an earlier run, and so on. A path that has the results of another roster is numbered.
            passwords: path of the generated passwords, if there are any.
            report: path of the report as HTML, if one is wanted.
            plan: path of the plan of a dry run, if it is to be saved.
            journal: path or database of the journal, if it was given; see `with_journal`.
            is_forecast: whether it is a dry run, which overwrites the results of a dry run only.
        """
        # A run that is repeated overwrites its own files, but a run of `failed.csv` not those of the run before:
        # its results would replace those of all other rows.
        earlier = _FAILED_NAME.fullmatch(Path(roster).name)
        number = int(earlier[1] or 1) + 1 if earlier and results is None else 1
        files = cls(
            roster=None if roster == "-" else Path(roster),
            results=results or Path(_RESULTS),
            failed=Path(_RESULTS),
            passwords=passwords,
            report=report,
            plan=plan,
            journal=journal,
            is_forecast=is_forecast,
            wanted=results or Path(_RESULTS),
            number=number,
        )
        return files.numbered(files.reason_to_keep)

    @property
    def roster_name(self) -> str:
        """What results and journals call the roster."""
        return "standard input" if self.roster is None else str(self.roster)

    def numbered(self, reason_to_keep: Callable[[Path], str]) -> Self:
        """Return these files under the first number whose results, and what is beside them, may be overwritten.

        Args:
            reason_to_keep: returns why results must not be overwritten, in words for a message; empty if they may be.
        """
        number = self.number
        while reason_to_keep(_numbered(self.wanted, number)):
            number += 1
        first, chosen = _numbered(self.wanted, self.number), _numbered(self.wanted, number)
        # The first reason counts: of a second search, only the files that are left are known.
        because = self.kept_because or ("" if chosen == first else reason_to_keep(first))
        return evolve(self, results=chosen, failed=_failed_beside(chosen), number=number, kept_because=because)

    def reason_to_keep(self, path: Path) -> str:
        """Return why results must not be overwritten, in words for a message; empty if they may be."""
        if not (path.is_file() and holds_results(path)):
            return ""
        # They, and the rows to run again beside them, may be all that somebody has of the other run.
        if not are_results_of(path, self.roster_name):
            return f"{path} has the results of another roster"
        return f"{path} has the results of a run" if self.is_forecast and not holds_forecast(path) else ""

    def check(self) -> None:
        """Reject files that cannot be written, or that would overwrite something else.

        Raises:
            CommandError: two of them are the same file, or one exists and no run has written it.
            RosterError: one cannot be written.
        """
        if str(self.results) == "-":
            raise CommandError("--results must be a file: standard output is for the summary.")
        paths = {name: path for name, path in self._outputs() if path is not None}
        for path in paths.values():
            check_writable(path)
        if self.roster is not None:
            paths["roster"] = self.roster
        for (one, first), (other, second) in combinations(paths.items(), 2):
            # Resolved: a link and its target are the same file under two names.
            if os.path.realpath(first) == os.path.realpath(second):
                option = next((_OPTIONS[name] for name in (one, other) if name in _OPTIONS), "--results")
                message = f"The {one} and the {other} would be the same file, {first}."
                raise CommandError(f"{message} Choose another name with {option}.")
        self._check_not_foreign()

    def _outputs(self) -> Iterator[tuple[str, Path | None]]:
        yield "results file", self.results
        if not self.is_forecast:
            yield "file of rows to run again", self.failed
        yield _PASSWORDS, self.passwords
        yield _REPORT, self.report
        yield _PLAN, self.plan
        yield _JOURNAL, self.journal if isinstance(self.journal, Path) else None

    def _check_not_foreign(self) -> None:
        if self.results.exists() and self.results.stat().st_size and not holds_results(self.results):
            message = f"{self.results} exists and is not the results file of a run. Choose another name with --results."
            raise CommandError(message)
        if self.report is not None and self.report.exists() and not holds_report(self.report):
            message = f"{self.report} exists and is not the report of a run. Choose another name with --report."
            raise CommandError(message)
        if self.plan is not None and self.plan.exists() and not _is_plan(self.plan):
            message = f"{self.plan} exists and is not a saved plan. Choose another name with --plan-out."
            raise CommandError(message)
        # The rows to run again look like any roster; only the results beside them show that a run wrote them.
        if not self.is_forecast and self.failed.exists() and not _was_written_by_a_run(self.results):
            message = f"{self.failed} exists, but not the {self.results.name} that belongs to it."
            raise CommandError(f"{message} Move it away, or choose another name with --results.")

    def check_space(self, roster: Roster) -> None:
        """Reject a run whose results would not fit on the disk.

        Args:
            roster: the rows.

        Raises:
            CommandError: there is too little space.
        """
        cells = roster.text_size + len(roster.header) * len(roster.rows)
        # Twice: the old results stay until the new ones are complete, and the rows to run again may be all rows.
        needed = 2 * (cells + _BYTES_PER_ROW * len(roster.rows))
        free = shutil.disk_usage(self.results.parent).free
        if free < needed:
            sizes = f"about {_kib(needed):,} KiB, and {_kib(free):,} KiB are free beside {self.results}"
            message = f"The results need {sizes}."
            raise CommandError(f"{message} Free some space, or choose another disk with --results.")


def _was_written_by_a_run(results: Path) -> bool:
    return results.exists() and not (results.stat().st_size and holds_forecast(results))


def _is_plan(path: Path) -> bool:
    try:
        PlanFile.load(path)
    except PlanError:
        return False
    return True


def _kib(size: int) -> int:
    return -(-size // 1024)


def _numbered(results: Path, number: int) -> Path:
    return results if number == 1 else results.with_name(f"{results.stem}-{number}{results.suffix}")


def _failed_beside(results: Path) -> Path:
    """Return the path of the rows to run again: `failed.csv` for `results.csv`, `x-failed.csv` for `x.csv`."""
    if not results.name:
        return results  # a directory, which `check` rejects
    default = _RESULTS_STEM.fullmatch(results.stem)
    stem = f"failed{default[1] or ''}" if default else f"{results.stem}-failed"
    return results.with_name(stem + results.suffix)
