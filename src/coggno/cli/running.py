"""One run of `coggno provision`: read, plan, carry out, write the files, tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from attrs import frozen

from coggno import APIError, AsyncCoggno, CoggnoError
from coggno.cli import output
from coggno.cli.connection import Connection
from coggno.cli.exits import CommandError, ExitCode, describe
from coggno.cli.files import Files
from coggno.cli.forecast import forecast
from coggno.cli.progress import Progress, watching
from coggno.cli.report import Report
from coggno.cli.stopping import stopped_by_signals
from coggno.provisioning import (
    PasswordFile,
    Plan,
    Roster,
    RosterError,
    Run,
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
    connection: Connection
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
    with watching() as progress:
        progress.phase("Reading the roster")
        roster = _read(job)
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
    return read_roster(
        "-" if job.files.roster is None else job.files.roster,
        mapping=job.mapping,
        delimiter=job.delimiter,
        encoding=job.encoding,
        group=job.group,
        needs_password=job.files.passwords is None,
    )


def _tell_of(roster: Roster) -> None:
    form = f", separated by {roster.delimiter}" if roster.delimiter else ""
    unused = f"; columns not used: {', '.join(roster.unused)}" if roster.unused else ""
    output.say(f"{roster.name}: {len(roster.rows):,} rows{form}{unused}")
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


async def _carry_out(job: Job, report: Report, passwords: PasswordFile | None, progress: Progress) -> None:
    async with job.connection.client(max_connections=max(50, job.concurrency)) as coggno:
        progress.phase("Looking at what is there")
        plan = await _plan(coggno, report.roster)
        report.new_groups = plan.new_groups
        if job.dry_run:
            for result in forecast(plan):
                report.add(result)
            return
        progress.begin(len(report.roster.rows))
        carried = apply_plan(coggno, plan, concurrency=job.concurrency, rate=job.rate, passwords=passwords)
        await _collect(carried, report, progress)


async def _plan(coggno: AsyncCoggno, roster: Roster) -> Plan:
    try:
        return await make_plan(coggno, roster)
    except APIError as error:
        message = f"{describe(error)}\nNothing was changed. Run the same command again to go on."
        raise CommandError(message, ExitCode.STOPPED) from error


async def _collect(carried: Run, report: Report, progress: Progress) -> None:
    """Take the results until the run ends, in whatever way."""
    with stopped_by_signals(carried) as interruption:
        try:
            async for result in carried:
                report.add(result)
                progress.saw(result.outcome.value)
        except StoppedError as early:
            report.stopped = str(early)
        except (CoggnoError, OSError) as error:
            report.stopped = f"stopped early: {error}. Run the same command again to go on"
        except asyncio.CancelledError:
            if interruption.signal is None:
                raise
            report.stopped = "interrupted twice, so rows under way have no outcome. Run the same command again to go on"
    report.is_interrupted = interruption.is_ctrl_c


def _write(report: Report) -> None:
    """Write the files; where that fails the run has still happened, and is told of."""
    try:
        write_results(report.files.results, report.roster, report.results)
        report.to_run_again = write_failed(report.files.failed, report.roster, report.results)
    except RosterError as error:
        report.unwritten = f"{error}. Run the same command again: it changes nothing twice, and writes the file"
