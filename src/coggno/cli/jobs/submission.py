"""`coggno provision --detach`: reads and checks a roster, and submits it as a job."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator

from attrs import evolve

from coggno import AsyncCoggno
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.jobs.display import as_data, counts_text
from coggno.cli.provision.options import ProvisionOptions
from coggno.cli.provision.reading import read, report_roster
from coggno.cli.terminal import output
from coggno.cli.terminal.progress_reporter import reporting_progress
from coggno.provisioning import Roster
from coggno.provisioning.jobs import JobPhase, JobStatus, submit_job
from coggno.provisioning.journal import DatabaseUrl


def submit(options: ProvisionOptions) -> None:
    """Submit a roster, and print what was submitted and what comes next.

    Raises:
        CommandError: an option means nothing for a job.
        CoggnoError: the roster or the database cannot be used.
    """
    url = check_options(options, "--detach", _HINTS.keys() | {"--recheck", "--report"})
    typed = read(options) if options.source == "-" else None
    with reporting_progress() as progress:
        progress.phase("Reading the roster")
        roster = typed or read(options)
        report_roster(roster)
        client = options.client.require_key()
        progress.phase("Submitting")
        status = client.run(lambda coggno: _submit(coggno, roster, url, options))
    _check_not_cancelled(status)
    if options.output.as_json:
        output.write_json({**as_data(status), "is_new": status.is_new})
        return
    for line in _lines(status, roster, options, str(url.of_journal(status.name))):
        for part in output.wrapped(output.clean(line), output.terminal_width()):
            output.write(part)


async def _submit(coggno: AsyncCoggno, roster: Roster, url: DatabaseUrl, options: ProvisionOptions) -> JobStatus:
    makes_passwords = options.output.passwords is not None
    return await submit_job(coggno, roster, journal=url, options=evolve(options.run), makes_passwords=makes_passwords)


def check_options(options: ProvisionOptions, flag: str, refused: Collection[str]) -> DatabaseUrl:
    """Return the database of the job.

    Args:
        options: of the command.
        flag: the option that makes a job of the roster.
        refused: options that cannot be combined with it.

    Raises:
        CommandError: there is no database, or another option cannot be combined with the flag.
    """
    url = options.output.journal
    if not isinstance(url, DatabaseUrl):
        message = f"{flag} needs a database that the workers use as well: --journal postgresql://user@host/database"
        raise CommandError(f"{message}?journal=NAME. NAME is the name of the job.")
    if options.run.removals is not None:
        raise CommandError(
            f"--remove-missing cannot be combined with {flag}: a worker has a part of the roster only, and would take "
            f"everybody else for missing. Run it without {flag}."
        )
    given = {
        "--dry-run": options.dry_run,
        "--recheck": options.run.recheck,
        "--report": options.output.report is not None,
        "--results": options.output.results is not None,
        "--sandbox": options.is_rehearsal,
    }
    for name in refused:
        if given[name]:
            hint = _HINTS.get(name, "").format(flag=flag)
            raise CommandError(f"{name} cannot be combined with {flag}. {hint}".rstrip())
    return url


_HINTS = {
    "--dry-run": "Run it without {flag} first.",
    "--results": "Write the results with: coggno jobs results NAME --results FILE",
    "--sandbox": "Start a test server with coggno sandbox, and name it with --base-url.",
}


def _lines(status: JobStatus, roster: Roster, options: ProvisionOptions, database: str) -> Iterator[str]:
    """Yield what was submitted, and what comes next."""
    makes_passwords = options.output.passwords is not None
    yield from _submitted(status, roster, makes_passwords=makes_passwords)
    yield ""
    yield f"Carry it out, on any number of machines: coggno worker --journal '{database}'"
    yield f"How far it is: coggno jobs show --journal '{database}'"
    yield f"Its results: coggno jobs results --journal '{database}'"
    if makes_passwords:
        # The file itself is not written now, which the option suggests.
        path = shlex.quote(str(options.output.passwords))
        yield "Generated passwords are kept encrypted in the database, until this command writes them to a file:"
        yield f"coggno jobs results --journal '{database}' --passwords {path}"


def _submitted(status: JobStatus, roster: Roster, *, makes_passwords: bool) -> Iterator[str]:
    rows = output.count_rows(status.rows)
    if not status.is_new:
        yield f"{status.name} was submitted already, and keeps its options: {status.done:,} of {rows} done."
        return
    yield f"{rows} submitted as {status.name}, in {output.count(len(status.shards), 'part')}."
    if status.done:
        yield f"{output.count_rows(status.done)} cannot be carried out: {counts_text(status.counts)}."
    missing = 0 if makes_passwords else _without_password(roster)
    if missing:
        have = "has" if missing == 1 else "have"
        yield (
            f"{output.count_rows(missing)} {have} no password, and can only be carried out for existing users. "
            "To generate passwords, submit the roster under another name with --generate-passwords FILE."
        )


def _without_password(roster: Roster) -> int:
    return sum(1 for row in roster.accepted if row.person is not None and row.person.password is None)


def _check_not_cancelled(status: JobStatus) -> None:
    """Reject a job that no worker carries out any more.

    Raises:
        CommandError: it was cancelled.
    """
    if status.state is JobPhase.CANCELLED:
        done = f"{status.done:,} of {output.count_rows(status.rows)} done"
        raise CommandError(
            f"The job {status.name} was cancelled, with {done}. "
            "To carry out the others, submit the roster under another name: --journal URL?journal=NAME",
            ExitCode.FAILED,
        )
