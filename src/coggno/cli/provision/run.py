"""One run of `coggno provision`: read, plan, apply, write the files."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from coggno import AsyncCoggno, CoggnoError
from coggno.cli.provision.collector import fewer_collections
from coggno.cli.provision.events import EventStream
from coggno.cli.provision.files import RunFiles
from coggno.cli.provision.journal_file import (
    is_begun,
    open_journal,
    recorded_removals,
    recorded_rows,
    with_journal,
)
from coggno.cli.provision.monitor import RunMonitor
from coggno.cli.provision.options import ProvisionOptions
from coggno.cli.provision.planning import SavedPlanCheck, plan_run
from coggno.cli.provision.reading import read, report_roster
from coggno.cli.provision.result_files import RowPairs, write_files, write_logins
from coggno.cli.provision.summary import RunReport
from coggno.cli.provision.summary.html_file import write_html
from coggno.cli.provision.summary.removals import question, with_options
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import Interruption, ctrl_c_at_once, stopped_by_signals
from coggno.cli.terminal.progress_reporter import reporting_progress
from coggno.cli.terminal.prompts import confirm
from coggno.provisioning import (
    Journal,
    JournalError,
    PasswordFile,
    Plan,
    PlanFile,
    PostgresJournal,
    RemovalsRefusedError,
    Roster,
    RosterError,
    Row,
    RowResult,
    Run,
    RunOptions,
    SqliteJournal,
    StoppedError,
    apply_plan,
)
from coggno.provisioning.journal import JournalScope
from coggno.provisioning.results import mark_results

_WATCH_INTERVAL: Final = 1.0  # seconds


class _DeclinedError(Exception):
    """A person answered no before anything was changed."""


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
        report_roster(roster)
        # After everything that can be wrong on this machine: a wrong path is corrected at once, a key takes longer.
        self.options.client.require_key()
        report = RunReport(roster, self.files, is_dry_run=self.options.dry_run, events=self.monitor.events)
        with fewer_collections():
            asyncio.run(self._with_client(report))
        return report

    async def _with_client(self, report: RunReport) -> None:
        # A connection for each row in progress: otherwise rows would wait for each other in the client.
        connections = max(50, self.options.run.concurrency)
        async with self.options.client.client(max_connections=connections) as coggno:
            if self.options.output.keeps_journal and not self.options.dry_run:
                scope = JournalScope.of(coggno)
                report.files = with_journal(self.files, scope, accepts_new_key=self.options.run.recheck)
                report.files.check()
            _report_kept(report.files)
            if self.options.dry_run:
                await self._forecast(report, coggno)
            else:
                await self._change(report, coggno)

    def _is_agreed(self, plan: Plan) -> bool:
        """Ask before somebody is removed, and return whether to go on."""
        leavers = plan.leavers
        if leavers is None or not leavers.count or leavers.objection() is not None:
            return True
        with self.monitor.progress.paused(), ctrl_c_at_once():
            return confirm(question(leavers), yes=self.options.is_confirmed)

    async def _forecast(self, report: RunReport, coggno: AsyncCoggno) -> None:
        plan = await self._plan(report, coggno, self.options.run)

        async def rows() -> AsyncIterator[tuple[Row, RowResult]]:
            for pair in zip(report.roster.rows, plan.forecast(), strict=True):
                yield pair

        self.monitor.begin(report.start_data())
        for result in plan.forecast():
            self.monitor.row_ended(result)
        await self._write_files(report, rows)
        if report.files.plan is not None:
            # Standard input cannot be compared when the plan is carried out.
            protect = None if self.options.protect == "-" else self.options.protect
            PlanFile.of(plan, protect_path=protect).save(report.files.plan)

    async def _change(self, report: RunReport, coggno: AsyncCoggno) -> None:
        with _password_file(self.files.passwords) as passwords:
            pace = {"patience": self.options.run.patience, "settle_time": self.options.run.settle_time}
            async with open_journal(report.files.journal, **pace) as journal:
                options = evolve(self.options.run, passwords=passwords, journal=journal)
                try:
                    plan = await self._agreed_plan(report, coggno, options)
                except BaseException:
                    # Nothing was changed: a journal of it would only keep its name from the next run.
                    await journal.discard()
                    raise
                # From here on accounts change: results of an earlier run must not be taken for those of this one.
                mark_results(report.files.results, report.roster)
                run = apply_plan(coggno, plan, options)
                report.done_earlier = run.done_earlier
                _report_earlier(report)
                self.monitor.begin(report.start_data(), run.progress)
                await self._carry_out(run, report)
                report.created_groups = plan.counts().created(run.groups)
                await self._write_from(journal, report)

    async def _write_from(self, journal: SqliteJournal | PostgresJournal, report: RunReport) -> None:
        """Write the files from the journal. Accounts have changed: what fails now ends no run that has not begun."""
        try:
            await journal.flush()
        except JournalError as error:
            stopped = f"The run stopped early: {str(error).rstrip('.')}. Run the same command again to continue."
            report.summary.stopped = report.summary.stopped or stopped
        try:
            report.all_removed = recorded_removals(journal.location, report.removed)
            await self._write_all(journal, report)
        except JournalError as error:
            report.reset()
            report.add_write_error(error)

    async def _agreed_plan(self, report: RunReport, coggno: AsyncCoggno, options: RunOptions) -> Plan:
        plan = await self._plan(report, coggno, options)
        if not self._is_agreed(plan):
            raise _DeclinedError
        return plan

    async def _write_all(self, journal: SqliteJournal | PostgresJournal, report: RunReport) -> None:
        try:
            await self._write_files(report, recorded_rows(journal.location, report.roster))
        except RosterError as error:
            # The roster has changed meanwhile, or is gone: what was done must be known all the same.
            what = f"{str(error).split('. ')[0].rstrip('.')}. What was done is in {report.files.results}, by login."
            report.summary.stopped = f"{what} Run the same command again: it does the rest, and nothing twice."
            await write_logins(report, recorded_rows(journal.location, None))
            self._end(report)

    async def _plan(self, report: RunReport, coggno: AsyncCoggno, options: RunOptions) -> Plan:
        self.monitor.progress.phase("Reading users and groups")
        watch = asyncio.create_task(_report_waiting(options.journal))
        try:
            plan = await plan_run(
                coggno,
                report.roster,
                options,
                makes_passwords=report.files.passwords is not None,
                saved=self._saved_plan(report),
            )
        finally:
            watch.cancel()
        report.changes, report.leavers = plan.counts(), plan.leavers
        for warning in plan.unreadable.warnings():
            output.write_message(f"Warning: {warning}")
        return plan

    def _saved_plan(self, report: RunReport) -> SavedPlanCheck | None:
        saved = self.options.saved_plan
        if saved is None:
            return None
        is_continued = is_begun(report.files.journal, report.roster, saved)
        return SavedPlanCheck(saved, is_continued)

    async def _write_files(self, report: RunReport, rows: RowPairs) -> None:
        self.monitor.progress.phase("Writing the forecast" if report.is_dry_run else "Writing the results")
        await write_files(report, rows)
        self._end(report)

    def _end(self, report: RunReport) -> None:
        self.monitor.timeline.end()
        write_html(report, self.monitor.timeline)

    async def _carry_out(self, run: Run, report: RunReport) -> None:
        """Take the results until the run ends, for whatever reason."""
        began = time.monotonic()
        with stopped_by_signals(run) as interruption:
            watch = asyncio.create_task(self._watch(run))
            try:
                with self._noting_early_end(report, interruption):
                    async for result in run:
                        self._take(result, run, report)
            finally:
                watch.cancel()
                await run.aclose()
        # Every row gets a result, also the rows that the run did not come to.
        try:
            for result in run.rest():
                self._take(result, run, report)
        except RosterError as error:
            report.summary.stopped = report.summary.stopped or self._stop_message(str(error), interruption)
        report.is_interrupted = interruption.is_ctrl_c
        report.summary.seconds = time.monotonic() - began

    @contextmanager
    def _noting_early_end(self, report: RunReport, interruption: Interruption) -> Generator[None]:
        """Note why the run ended early, if it did: its files are written all the same."""
        try:
            yield
        except RemovalsRefusedError as refused:
            report.refused_removals = with_options(refused.reason)
        except StoppedError as early:
            report.summary.stopped = self._stop_message(early.reason, interruption)
        except (CoggnoError, OSError) as error:
            report.summary.stopped = self._stop_message(str(error), interruption)
        except asyncio.CancelledError:
            if not _is_second_ctrl_c(interruption):
                raise
            report.summary.stopped = self._stop_message("interrupted twice", interruption)

    def _take(self, result: RowResult, run: Run, report: RunReport) -> None:
        if result.line:
            self.monitor.row_ended(result, run.done)
        else:
            # Somebody who is in no row; there are no more of them than may be removed.
            report.removed.append(result)
            self.monitor.removed(result)

    def _stop_message(self, reason: str, interruption: Interruption) -> str:
        what = "Interrupted." if interruption.is_ctrl_c else f"The run stopped early: {reason.rstrip('.')}."
        # Of a temporary server nothing is left that could be continued.
        return what if self.options.is_rehearsal else f"{what} Run the same command again to continue."

    async def _watch(self, run: Run) -> None:
        """Report once a second how far the run is, and whether it waits."""
        while True:
            self.monitor.tick(run.progress)
            await asyncio.sleep(_WATCH_INTERVAL)


def _report_kept(files: RunFiles) -> None:
    if files.kept_because:
        failed = "" if files.is_forecast else f" and {files.failed}"
        kept = f"{files.kept_because}, and is kept."
        output.write_message(f"{kept} This run writes {files.results}{failed}.")


async def _report_waiting(journal: Journal | None) -> None:
    """Report once if the run waits for its journal before it has begun."""
    while journal is not None:
        if journal.waiting is not None:
            output.write_message(f"Waiting for {journal.waiting.reason}.")
            return
        await asyncio.sleep(_WATCH_INTERVAL)


def _report_earlier(report: RunReport) -> None:
    if report.done_earlier:
        earlier = f"{report.done_earlier:,} of {output.count_rows(len(report.roster.rows))}"
        were = "was" if len(report.roster.rows) == 1 else "were"
        output.write_message(f"{earlier} {were} done by an earlier run.")


@contextmanager
def _password_file(path: Path | None) -> Generator[PasswordFile | None]:
    """Open the file of generated passwords, if there is to be one."""
    if path is None:
        yield None
        return
    file = PasswordFile(path)
    try:
        yield file
    finally:
        file.close()


def run_provisioning(
    options: ProvisionOptions,
    make_run: Callable[[ProvisionOptions, RunFiles, RunMonitor], ProvisionRun] = ProvisionRun,
) -> RunReport | None:
    """Read the roster, carry it out, write the files and return what became of the rows.

    `None` if a person was asked and said no: nothing was changed.

    Args:
        options: of the command.
        make_run: makes the run, which may be carried out elsewhere.

    Raises:
        CommandError: the run could not begin; nothing was changed.
        CoggnoError: a setting, a file or the roster is invalid; nothing was changed.
    """
    files = RunFiles.of(
        options.source,
        results=options.output.results,
        passwords=options.output.passwords,
        report=options.output.report,
        plan=options.plan_out,
        journal=options.output.journal,
        is_forecast=options.dry_run,
    )
    files.check()
    # Standard input first, before a bar is drawn into what a person is typing.
    typed = read(options) if files.roster is None else None
    as_json = options.output.as_json
    # Events on the same terminal as a bar would be drawn over by it.
    with reporting_progress(is_plain=as_json and output.is_terminal(sys.stdout)) as progress:
        progress.phase("Reading the roster")
        roster = typed or read(options)
        monitor = RunMonitor(progress, EventStream() if as_json else None)
        try:
            return make_run(options, files, monitor).execute(roster)
        except _DeclinedError:
            return None


def _is_second_ctrl_c(interruption: Interruption) -> bool:
    """Return whether a cancellation is due to a second Ctrl-C; it then ends here."""
    task = asyncio.current_task()
    if interruption.signal is None or task is None:
        return False
    # Otherwise the loop would raise KeyboardInterrupt after the run, and no file would be written.
    task.uncancel()
    return True
