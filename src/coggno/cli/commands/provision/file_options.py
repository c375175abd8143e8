"""The options that say which files a run writes, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from coggno.cli.exit_codes import CommandError
from coggno.cli.option_groups import option_group

if TYPE_CHECKING:
    from coggno.cli.provision.options import OutputOptions

Passwords: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--generate-passwords",
        metavar="FILE",
        help="Generate passwords for new users who have none, and save them in FILE, readable only by you.",
    ),
]
Results: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FILE",
        help=(
            "Save the outcome of every row here. Default: results.csv, and failed.csv for the rows to run again. "
            "A run of failed.csv writes results-2.csv and failed-2.csv; so does any run where results.csv is there "
            "and has the results of another roster."
        ),
    ),
]
Report: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Also write a report as one HTML file: counts, pace, groups, and the rows that need attention.",
    ),
]
JournalFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--journal",
        metavar="FILE|URL",
        help=(
            "Keep here what was sent and what became of it, so that the same command continues after any interruption. "
            "A file, or a PostgreSQL database: postgresql://user@host/database?journal=name. "
            "Default: beside the results, results.journal."
        ),
    ),
]
NoJournal: TypeAlias = Annotated[
    bool,
    typer.Option("--no-journal", help="Keep no journal: a run that is killed leaves no results."),
]
AllowRefused: TypeAlias = Annotated[
    bool,
    typer.Option("--allow-refused", help="Exit with 0 even if the roster has invalid or contradictory rows."),
]
EventsJson: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print events as JSON, one object per line; the last one is the summary."),
]


@option_group
class RunFileOptions:
    """Which files a run writes, and what it prints."""

    passwords: Passwords = None
    results: Results = None
    report: Report = None
    journal: JournalFile = None
    no_journal: NoJournal = False
    allow_refused: AllowRefused = False
    as_json: EventsJson = False

    def options(self) -> OutputOptions:
        """Return where the run writes.

        Raises:
            CommandError: two options contradict each other.
            JournalError: the URL of the journal is invalid.
        """
        from coggno.cli.provision.options import OutputOptions
        from coggno.provisioning.journal import journal_location

        if self.no_journal and self.journal is not None:
            raise CommandError("--journal and --no-journal contradict each other. Give one of them.")
        return OutputOptions(
            results=self.results,
            passwords=self.passwords,
            report=self.report,
            journal=None if self.journal is None else journal_location(self.journal),
            keeps_journal=not self.no_journal,
            as_json=self.as_json,
            allow_refused=self.allow_refused,
        )
