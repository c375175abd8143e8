"""One run of `coggno provision`: read, plan, apply, write the files."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Final

from attrs import evolve, frozen

from coggno import (
    APIError,
    AsyncCoggno,
    AuthenticationError,
    CoggnoError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
)
from coggno.cli.error_messages import describe
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.provision.dry_run import DryRun
from coggno.cli.provision.events import EventStream
from coggno.cli.provision.files import RunFiles
from coggno.cli.provision.html_file import write_html
from coggno.cli.provision.monitor import RunMonitor
from coggno.cli.provision.options import ProvisionOptions
from coggno.cli.provision.result_files import write_files
from coggno.cli.provision.roster_hints import message_of
from coggno.cli.provision.summary import RunReport
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import Interruption, stopped_by_signals
from coggno.cli.terminal.progress_reporter import reporting_progress
from coggno.provisioning import (
    PasswordFile,
    Plan,
    Roster,
    RosterError,
    Row,
    RowResult,
    Run,
    RunOptions,
    StoppedError,
    apply_plan,
    make_plan,
    read_roster,
)
from coggno.provisioning.results import mark_results, unfinished

_WATCH_INTERVAL: Final = 1.0  # seconds


@frozen
class ProvisionRun:
    """One run, from the roster to the files.

    Attributes:
        options: what the command line asks for.
        files: where the run reads and writes.
        monitor: shows how far it is.
    """

    options: ProvisionOptions
    files: RunFiles
    monitor: RunMonitor

    def execute(self, roster: Roster) -> RunReport:
        """Carry out a roster that is read and checked, write the files, and return what became of the rows.

        Raises:
            CommandError: the run could not begin; nothing was changed.
            CoggnoError: a setting or a file is invalid; nothing was changed.
        """
        self.files.check_space(roster)
        _report_roster(roster)
        self._report_files()
        # After everything that can be wrong on this machine: a wrong path is corrected at once, a key takes longer.
        self.options.client.require_key()
        report = RunReport(roster, self.files, is_dry_run=self.options.dry_run, events=self.monitor.events)
        with self._password_file() as passwords:
            asyncio.run(self._apply(report, evolve(self.options.run, passwords=passwords)))
        return report

    def _report_files(self) -> None:
        if self.files.kept is not None:
            kept = f"{self.files.kept} has {self.files.kept_because}, and is kept."
            failed = "" if self.options.dry_run else f" and {self.files.failed}"
            output.write_message(f"{kept} This run writes {self.files.results}{failed}.")

    @contextmanager
    def _password_file(self) -> Generator[PasswordFile | None]:
        if self.files.passwords is None or self.options.dry_run:
            yield None
            return
        file = PasswordFile(self.files.passwords)
        try:
            yield file
        finally:
            file.close()

    async def _apply(self, report: RunReport, run_options: RunOptions) -> None:
        # A connection for each row in progress: otherwise rows would wait for each other in the client.
        async with self.options.client.client(max_connections=max(50, run_options.concurrency)) as coggno:
            self.monitor.progress.phase("Reading users and groups")
            plan = await _plan(coggno, report.roster, run_options)
            report.changes = DryRun(plan, makes_passwords=self.files.passwords is not None).changes()
            self.monitor.begin(report.start_data())
            if self.options.dry_run:
                await self._forecast(report, plan)
            else:
                # From here on accounts change: results of an earlier run must not be taken for those of this one.
                mark_results(self.files.results, report.roster)
                await self._carry_out(apply_plan(coggno, plan, run_options), report)

    async def _forecast(self, report: RunReport, plan: Plan) -> None:
        dry_run = DryRun(plan, makes_passwords=self.files.passwords is not None)
        for _, result in dry_run.results():
            self.monitor.row_ended(result)
        self.monitor.progress.phase("Writing the forecast")
        await write_files(report, dry_run.rows)
        write_html(report, self.monitor.timeline)

    async def _carry_out(self, run: Run, report: RunReport) -> None:
        collected: dict[int, RowResult] = {}
        began = time.monotonic()
        await self._collect(run, report, collected)
        report.summary.seconds = time.monotonic() - began

        async def rows() -> AsyncIterator[tuple[Row, RowResult]]:
            for row in report.roster.rows:
                yield row, collected.get(row.line) or unfinished(row)

        self.monitor.progress.phase("Writing the results")
        await write_files(report, rows)
        self.monitor.timeline.end()
        write_html(report, self.monitor.timeline)

    async def _collect(self, run: Run, report: RunReport, collected: dict[int, RowResult]) -> None:
        """Take the results until the run ends, for whatever reason."""
        with stopped_by_signals(run) as interruption:
            watch = asyncio.create_task(self._watch(run))
            try:
                async for result in run:
                    collected[result.line] = result
                    self.monitor.row_ended(result)
            except StoppedError as early:
                report.summary.stopped = _stop_message(early.reason, interruption)
            except (CoggnoError, OSError) as error:
                report.summary.stopped = _stop_message(str(error), interruption)
            except asyncio.CancelledError:
                if not _is_second_ctrl_c(interruption):
                    raise
                report.summary.stopped = _stop_message("interrupted twice", interruption)
            finally:
                watch.cancel()
                await run.aclose()
        # Every row gets a result, also the rows that the run did not come to.
        for result in run.rest():
            collected[result.line] = result
            self.monitor.row_ended(result)
        report.is_interrupted = interruption.is_ctrl_c

    async def _watch(self, run: Run) -> None:
        """Report once a second how far the run is, and whether it waits."""
        while True:
            self.monitor.waiting(run.progress.waiting)
            await asyncio.sleep(_WATCH_INTERVAL)


async def _plan(coggno: AsyncCoggno, roster: Roster, options: RunOptions) -> Plan:
    try:
        return await make_plan(coggno, roster, options)
    except APIError as error:
        raise _planning_error(error) from error
    except asyncio.CancelledError:
        # Ctrl-C: nothing else cancels this task, and here it is certain that nothing has been written yet.
        raise CommandError("Interrupted. Nothing was changed.", ExitCode.INTERRUPTED) from None


def _planning_error(error: APIError) -> CommandError:
    text = describe(error)
    # "Nothing was sent" is what the description of a connection that failed ends with; it says this as well.
    unchanged = "" if "Nothing was sent." in text else " Nothing was changed."
    if isinstance(error, AuthenticationError | PermissionDeniedError | NotFoundError | DecodeError):
        # The same command would fail in the same way: the key, the company or the address has to be corrected first.
        return CommandError(f"{text}{unchanged}", ExitCode.FAILED)
    return CommandError(f"{text}{unchanged} Run the same command again later.", ExitCode.STOPPED)


def run_provisioning(options: ProvisionOptions) -> RunReport:
    """Read the roster, carry it out, write the files and return what became of the rows.

    Raises:
        CommandError: the run could not begin; nothing was changed.
        CoggnoError: a setting, a file or the roster is invalid; nothing was changed.
    """
    files = RunFiles.of(
        options.source,
        results=options.output.results,
        passwords=options.output.passwords,
        report=options.output.report,
        is_forecast=options.dry_run,
    )
    files.check()
    # Standard input first, before a bar is drawn into what a person is typing.
    typed = _read(options) if files.roster is None else None
    as_json = options.output.as_json
    # Events on the same terminal as a bar would be drawn over by it.
    with reporting_progress(is_plain=as_json and output.is_terminal(sys.stdout)) as progress:
        progress.phase("Reading the roster")
        roster = typed or _read(options)
        monitor = RunMonitor(progress, EventStream() if as_json else None)
        return ProvisionRun(options, files, monitor).execute(roster)


def _read(options: ProvisionOptions) -> Roster:
    if options.source == "-":
        if not hasattr(sys.stdin, "buffer"):  # started with `<&-`, see `accept_any_text`
            raise CommandError("Standard input is closed, so there is no roster. Give the path of a file.")
        if output.is_terminal(sys.stdin):
            # Here the key comes first: nobody should type a roster for nothing.
            options.client.require_key()
            output.write_message("Reading the roster from standard input; Ctrl-D ends it.")
    try:
        return read_roster(options.source, options.roster)
    except RosterError as error:
        raise CommandError(message_of(error)) from error


def _report_roster(roster: Roster) -> None:
    form = f", separated by {roster.delimiter_name}" if roster.delimiter else ""
    unused = f"; columns not used: {', '.join(roster.unused)}" if roster.unused else ""
    output.write_message(f"{roster.name}: {output.count_rows(len(roster.rows))}{form}{unused}")
    for warning in roster.warnings:
        output.write_message(f"Warning: {warning}")


def _stop_message(reason: str, interruption: Interruption) -> str:
    what = "Interrupted" if interruption.is_ctrl_c else f"The run stopped early: {reason.rstrip('.')}"
    return f"{what}. Run the same command again to continue."


def _is_second_ctrl_c(interruption: Interruption) -> bool:
    """Return whether a cancellation is due to a second Ctrl-C; it then ends here."""
    task = asyncio.current_task()
    if interruption.signal is None or task is None:
        return False
    # Otherwise the loop would raise KeyboardInterrupt after the run, and no file would be written.
    task.uncancel()
    return True
