"""One run of `coggno worker`: a worker with its display, its liveness check and its signals."""

from __future__ import annotations

import asyncio
import signal

from attrs import frozen

from coggno.cli.client_settings import ClientSettings
from coggno.cli.exit_codes import ExitCode
from coggno.cli.jobs.health import HealthAddress, reporting_health
from coggno.cli.jobs.worker_display import WorkerDisplay
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import Interruption, stopped_by_signals
from coggno.cli.terminal.progress_reporter import reporting_progress
from coggno.provisioning.jobs import Worker, WorkerReport
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.outcomes import AS_WANTED
from coggno.provisioning.report import label_of_outcome

_CONNECTIONS = 100  # of the client; the jobs say how many rows are in progress at once, 16 unless another was asked for


@frozen(kw_only=True)
class WorkerOptions:
    """Everything that `coggno worker` was given.

    Attributes:
        url: of the database.
        job: name of the only job; `None` for all.
        forever: whether to wait for new jobs.
        health: where the liveness check listens; `None` for nowhere.
        lease: seconds after which others continue the work of a worker that was killed.
        client: the connection to the API.
    """

    url: DatabaseUrl
    job: str | None
    forever: bool
    health: HealthAddress | None
    lease: float
    client: ClientSettings


def run_worker(options: WorkerOptions) -> ExitCode:
    """Carry out jobs, print what was done, and return the exit code.

    Raises:
        CommandError: there is no key, or the liveness check cannot listen.
        CoggnoError: the database, the key or a job cannot be used.
    """
    settings = options.client.require_key()
    with reporting_progress() as progress:
        report, interruption = asyncio.run(_work(options, settings, WorkerDisplay(progress)))
    code = _exit_code(report, interruption, forever=options.forever)
    _print(report, is_cut_short=code in {ExitCode.STOPPED, ExitCode.INTERRUPTED})
    return code


async def _work(
    options: WorkerOptions, settings: ClientSettings, display: WorkerDisplay
) -> tuple[WorkerReport, Interruption]:
    async with settings.client(max_connections=_CONNECTIONS) as coggno:
        worker = Worker(coggno, options.url, job=options.job, lease=options.lease, observer=display)
        with stopped_by_signals(worker) as interruption:
            async with reporting_health(worker, options.health):
                await worker.run(forever=options.forever)
    return worker.report, interruption


def _print(report: WorkerReport, *, is_cut_short: bool) -> None:
    counts = ", ".join(f"{count:,} {label_of_outcome(outcome)}" for outcome, count in report.counts.most_common())
    parts = output.count(report.shards, "part")
    if not (report.shards or report.rows or is_cut_short):
        output.write("There was nothing to carry out.")
        return
    output.write(f"{parts} finished, {output.count_rows(report.rows)} carried out{f': {counts}' if counts else ''}")
    if is_cut_short:
        output.write_message(
            f"Stopped early: {report.stopped}. Other workers, or the same command, go on with the rest."
        )


def _exit_code(report: WorkerReport, interruption: Interruption, *, forever: bool) -> ExitCode:
    if interruption.is_ctrl_c:
        return ExitCode.INTERRUPTED
    # One that waits for jobs is always ended by a signal; only what it had in hand is then left for others.
    if report.stopped is not None and (report.was_busy or not (forever and interruption.signal == signal.SIGTERM)):
        return ExitCode.STOPPED
    is_as_wanted = all(outcome in AS_WANTED for outcome in report.counts)
    return ExitCode.OK if is_as_wanted else ExitCode.FAILED
