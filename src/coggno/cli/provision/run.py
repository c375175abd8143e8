"""One run of `coggno provision`: read, plan, carry out, write the files, tell."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from attrs import frozen

from coggno import APIError, AsyncCoggno, AuthenticationError, CoggnoError, PermissionDeniedError
from coggno.cli.client_settings import ClientSettings
from coggno.cli.error_messages import describe
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.provision.dry_run import forecast
from coggno.cli.provision.files import Files
from coggno.cli.provision.summary import Report
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import Interruption, stopped_by_signals
from coggno.cli.terminal.progress_reporter import ProgressReporter, reporting_progress
from coggno.provisioning import (
    PasswordFile,
    Plan,
    Roster,
    RosterError,
    RosterOptions,
    Run,
    RunOptions,
    StoppedError,
    apply_plan,
    make_plan,
    read_roster,
    write_failed,
    write_results,
)


@frozen(kw_only=True)
class Job:
    """What the command line asks for."""

    files: Files
    settings: ClientSettings
    mapping: Mapping[str, str]
    delimiter: str | None
    encoding: str | None
    group: str | None
    concurrency: int
    rate: float | None
    dry_run: bool


def run(job: Job) -> Report:
    """Do the job, write its files and return what became of it.

    Raises:
        CommandError: it could not begin, or ended before anything was changed.
        CoggnoError: settings, files or roster cannot be used.
    """
    job.files.check()
    roster = _read(job) if job.files.roster is None else None  # before a bar comes in between
    with reporting_progress() as progress:
        progress.phase("Reading the roster")
        roster = roster or _read(job)
        job.files.check_space(roster)
        _tell_of(roster)
        report = Report(roster, job.files, is_forecast=job.dry_run)
        with _passwords(job) as passwords:
            began = time.monotonic()
            asyncio.run(_carry_out(job, report, passwords, progress))
            report.summary.seconds = time.monotonic() - began
        if not job.dry_run:
            progress.phase("Writing the results")
            _write(report)
    return report


def _read(job: Job) -> Roster:
    if job.files.roster is None and not hasattr(sys.stdin, "buffer"):
        raise CommandError("standard input is closed: there is no roster")
    if job.files.roster is None and output.is_terminal(sys.stdin):
        output.say("Reading the roster from standard input. Ctrl-D ends it.")
    return read_roster(
        "-" if job.files.roster is None else job.files.roster,
        RosterOptions(mapping=job.mapping, delimiter=job.delimiter, encoding=job.encoding, group=job.group),
    )


def _tell_of(roster: Roster) -> None:
    form = f", separated by {roster.delimiter_name}" if roster.delimiter_name else ""
    unused = f"; columns not used: {', '.join(roster.unused)}" if roster.unused else ""
    output.say(f"{roster.name}: {output.count_rows(len(roster.rows))}{form}{unused}")
    for warning in roster.warnings:
        output.say(f"Warning: {warning}")


@contextmanager
def _passwords(job: Job) -> Generator[PasswordFile | None]:
    if job.files.passwords is None or job.dry_run:
        yield None
        return
    file = PasswordFile(job.files.passwords)
    try:
        yield file
    finally:
        file.close()


async def _carry_out(job: Job, report: Report, passwords: PasswordFile | None, progress: ProgressReporter) -> None:
    async with job.settings.client(max_connections=max(50, job.concurrency)) as coggno:
        progress.phase("Looking at what is there")
        plan = await _plan(job, coggno, report.roster)
        report.new_groups = plan.new_groups
        if job.dry_run:
            for result in forecast(plan, makes_passwords=job.files.passwords is not None):
                report.add(result)
            return
        progress.begin_rows(len(report.roster.rows))
        carried = apply_plan(coggno, plan, _options(job, passwords))
        await _collect(carried, report, progress)


def _options(job: Job, passwords: PasswordFile | None = None) -> RunOptions:
    return RunOptions(concurrency=job.concurrency, rate=job.rate, passwords=passwords)


async def _plan(job: Job, coggno: AsyncCoggno, roster: Roster) -> Plan:
    try:
        return await make_plan(coggno, roster, _options(job))
    except APIError as error:
        is_key = isinstance(error, AuthenticationError | PermissionDeniedError)
        then = "Correct that, then run the same command again." if is_key else "Run the same command again to go on."
        message = f"{describe(error)}\nNothing was changed. {then}"
        raise CommandError(message, ExitCode.STOPPED) from error


async def _collect(carried: Run, report: Report, progress: ProgressReporter) -> None:
    """Take the results until the run ends, in whatever way."""
    with stopped_by_signals(carried) as interruption:
        try:
            async for result in carried:
                report.add(result)
                progress.row_ended(result.outcome.value)
        except StoppedError as early:
            report.summary.stopped = str(early)
        except (CoggnoError, OSError) as error:
            report.summary.stopped = f"stopped early: {error}. Run the same command again to go on"
        except asyncio.CancelledError:
            if not _is_ours(interruption):
                raise
            report.summary.stopped = "stopped at once: interrupted twice. Run the same command again to go on"
        finally:
            await carried.aclose()
    for result in carried.rest():
        report.add(result)
    report.is_interrupted = interruption.is_ctrl_c


def _is_ours(interruption: Interruption) -> bool:
    """Whether a cancellation is the second Ctrl-C; if so, it ends here."""
    task = asyncio.current_task()
    if interruption.signal is None or task is None:
        return False
    task.uncancel()
    return True


def _write(report: Report) -> None:
    """Write the files; where that fails the run has still happened, and is told of."""
    try:
        write_results(report.files.results, report.roster, report.results)
        report.to_run_again = write_failed(report.files.failed, report.roster, report.results)
    except (RosterError, OSError) as error:
        report.unwritten = f"{error}. Run the same command again: it changes nothing twice, and writes the file"
