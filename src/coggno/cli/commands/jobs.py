"""`coggno jobs`: how far submitted jobs are, their results, and the end of one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from coggno.cli.commands.worker import DatabaseOption
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.option_groups import expanded
from coggno.cli.options import Json, Yes, examples
from coggno.cli.terminal import output
from coggno.cli.terminal.prompts import confirm, require_confirmation_possible

if TYPE_CHECKING:
    from coggno.provisioning.jobs import JobReader

_URL = "postgresql:///coggno"
jobs = typer.Typer(no_args_is_help=True, epilog=examples(f"coggno jobs list --journal {_URL}"))
JobArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]", help="Name of the job. Default: that of the URL, after ?journal=", show_default=False
    ),
]


@contextmanager
def _reading(journal: str, name: str | None = None) -> Generator[tuple[JobReader, str]]:
    """Yield a reader of the database, and the name of the job."""
    # Imported late: provisioning is the largest part of the package.
    from coggno.provisioning.jobs import JobReader
    from coggno.provisioning.journal import DatabaseUrl

    url = DatabaseUrl(journal)
    with JobReader(url) as reader:
        yield reader, name or url.name


@jobs.command("list", epilog=examples(f"coggno jobs list --journal {_URL}"))
def list_jobs(*, journal: DatabaseOption, as_json: Json = False) -> None:
    """List the jobs in a database, and how far each is."""
    from coggno.cli.jobs.display import as_data, print_jobs

    with _reading(journal) as (reader, _):
        found = reader.jobs()
    if as_json:
        for job in found:
            output.write_json(as_data(job))
    elif found:
        print_jobs(found)
    else:
        output.write_message("There are no jobs.")


@jobs.command("show", epilog=examples(f"coggno jobs show hires --journal {_URL}"))
def show(*, name: JobArgument = None, journal: DatabaseOption, as_json: Json = False) -> None:
    """Show how far a job is, part by part, and which workers carry it out."""
    from coggno.cli.jobs.display import as_data, print_job

    with _reading(journal, name) as (reader, job):
        status = reader.job(job)
    if as_json:
        output.write_json(as_data(status))
    else:
        print_job(status)


@jobs.command("cancel", epilog=examples(f"coggno jobs cancel hires --journal {_URL}"))
def cancel(*, name: JobArgument = None, journal: DatabaseOption, yes: Yes = False, as_json: Json = False) -> None:
    """Let workers begin no more rows of a job, for good. What is done stays done."""
    from coggno.cli.jobs.display import as_data, print_job
    from coggno.provisioning.jobs import JobPhase

    with _reading(journal, name) as (reader, job):
        status = reader.job(job)
        if status.state in {JobPhase.FINISHED, JobPhase.CANCELLED}:
            raise CommandError(f"The job {job} is {status.state.value} already.", ExitCode.FAILED)
        require_confirmation_possible(yes=yes)
        left = output.count_rows(status.rows - status.done)
        if not confirm(f"Cancel {job}? {left} would not be carried out.", yes=yes):
            return
        status = reader.cancel(job)
    if as_json:
        output.write_json(as_data(status))
    else:
        print_job(status)


@jobs.command("delete", epilog=examples(f"coggno jobs delete hires --journal {_URL}"))
def delete(*, name: JobArgument = None, journal: DatabaseOption, yes: Yes = False) -> None:
    """Delete a job that has ended from the database: its roster, results and passwords. Coggno is not changed."""
    from coggno.provisioning.jobs import JobPhase

    with _reading(journal, name) as (reader, job):
        status = reader.job(job)
        if status.state not in {JobPhase.FINISHED, JobPhase.CANCELLED}:
            raise CommandError(f"The job {job} has not ended. Cancel it first: coggno jobs cancel", ExitCode.FAILED)
        require_confirmation_possible(yes=yes)
        if confirm(f"Delete what is known of {job}, {output.count_rows(status.rows)}?", yes=yes):
            reader.delete(job)
            output.write_message(f"Deleted {job}.")


@jobs.command(
    "results",
    epilog=examples(
        f"coggno jobs results hires --journal {_URL}",
        f"coggno jobs results hires --journal {_URL} --passwords new.csv",
    ),
)
@expanded
def results(
    *,
    name: JobArgument = None,
    journal: DatabaseOption,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            metavar="FILE",
            help="Where to write the outcome of every row. Default: results.csv.",
            show_default=False,
        ),
    ] = None,
    passwords: Annotated[
        Path | None,
        typer.Option(
            "--passwords",
            metavar="FILE",
            help="Save the generated passwords in FILE, readable only by you. Needs the API key.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    account: AccountOptions,
) -> None:
    """Write the results of a job, as a run writes them, also while workers carry it out.

    The exit code is 0 if every row is as wanted, 1 if some are not, and 3 if the job has not come to its end.
    """
    from coggno.cli.jobs.results import JobFiles, write_results

    with _reading(journal, name) as (reader, job):
        written = write_results(reader, JobFiles(job, results, passwords, account.settings()))
    if as_json:
        output.write_json(written.as_data())
    else:
        for line in written.lines():
            output.write(output.clean(line))
    raise typer.Exit(written.exit_code)
