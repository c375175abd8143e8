"""`coggno provision --dask`: submits a roster, has a Dask cluster carry it out, and writes the files of a run."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, evolve, field, frozen

from coggno import AsyncCoggno
from coggno.cli.jobs.dask_cluster import DaskAddress
from coggno.cli.jobs.submission import check_options
from coggno.cli.provision.monitor import RunMonitor
from coggno.cli.provision.options import ProvisionOptions
from coggno.cli.provision.run import ProvisionRun, run_provisioning
from coggno.cli.provision.summary import RunReport
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import stopped_by_signals
from coggno.provisioning import JournalError, PasswordFile, Progress, Row, RowOutcome, RowResult
from coggno.provisioning.jobs import JobPhase, JobReader, JobStatus, submit_job
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.on_dask import DaskRun
from coggno.provisioning.on_dask.run import LEASE
from coggno.provisioning.outcomes import AS_WANTED
from coggno.provisioning.report import label_of_outcome
from coggno.provisioning.results import mark_results

_PAUSE: Final = 1000  # rows
_CANCELLED: Final = (
    "The job {name} was cancelled. To carry out the rest, submit it under another name: journal=NAME in the URL."
)


@define
class JobFollower:
    """Shows how far a job is, whichever workers carry it out.

    Attributes:
        monitor: of the run.
    """

    monitor: RunMonitor
    _shown: Counter[RowOutcome] = field(init=False, factory=Counter[RowOutcome])

    def begin(self, report: RunReport, status: JobStatus) -> None:
        """Show the rows from now on; those that are done are counted."""
        self._shown = Counter(status.counts)
        self.monitor.begin(report.start_data(), _progress_of(status))

    def follow(self, status: JobStatus) -> None:
        """Show the rows that have ended since the last call, and what the workers wait for."""
        for outcome, count in (Counter(status.counts) - self._shown).items():
            for _ in range(count):
                self.monitor.timeline.row_ended()
                is_as_wanted = outcome in AS_WANTED
                self.monitor.progress.row_ended(label_of_outcome(outcome), needs_attention=not is_as_wanted)
        self._shown |= Counter(status.counts)
        self.monitor.tick(_progress_of(status))


def _progress_of(status: JobStatus) -> Progress:
    return Progress(total=status.rows, done=status.done, counts=status.counts, waiting=status.waiting)


@frozen(kw_only=True)
class DaskProvisionRun(ProvisionRun):
    """One run on a Dask cluster, from the roster to the files.

    Attributes:
        address: of the cluster.
        url: of the job.
    """

    address: DaskAddress
    url: DatabaseUrl

    async def _change(self, report: RunReport, coggno: AsyncCoggno) -> None:
        self.monitor.progress.phase("Connecting to Dask")
        account = self.options.client.account()
        async with self.address.client(account, self.url) as dask_client:
            follower = JobFollower(self.monitor)
            # What is a secret in the URL reaches the workers of this machine in their environment.
            url = self.url.without_password if self.address.is_local else self.url
            connect = self.address.connect(account)
            run = DaskRun.of(dask_client, coggno, url, connect=connect, lease=LEASE, on_progress=follower.follow)
            await run.check_workers()
            status = await self._submit(report, coggno)
            follower.begin(report, status)
            await self._follow(run, report)
        await self._write_from_job(report, coggno)

    async def _submit(self, report: RunReport, coggno: AsyncCoggno) -> JobStatus:
        self.monitor.progress.phase("Submitting the roster")
        makes_passwords = report.files.passwords is not None
        status = await submit_job(
            coggno,
            report.roster,
            journal=self.url,
            options=self.options.run,
            makes_passwords=makes_passwords,
        )
        report.done_earlier = 0 if status.is_new else status.done - sum(report.roster.rejected.values())
        if not status.is_new:
            rows = output.count_rows(status.rows)
            output.write_message(f"{status.name} was submitted already: {status.done:,} of {rows} done.")
        # From here on accounts change: results of an earlier run must not be taken for those of this one.
        mark_results(report.files.results, report.roster)
        return status

    async def _follow(self, run: DaskRun, report: RunReport) -> None:
        """Follow the job until it ends, for whatever reason."""
        began = time.monotonic()
        with stopped_by_signals(run) as interruption, self._noting_early_end(report, interruption):
            status = await run.run()
            if status.state is JobPhase.CANCELLED:
                report.summary.stopped = _CANCELLED.format(name=status.name)
        report.is_interrupted = interruption.is_ctrl_c
        report.summary.seconds = time.monotonic() - began

    async def _write_from_job(self, report: RunReport, coggno: AsyncCoggno) -> None:
        try:
            with JobReader(self.url) as reader:
                if report.files.passwords is not None:
                    self._write_passwords(reader, report.files.passwords, coggno)
                await self._write_files(report, lambda: self._rows(reader))
        except JournalError as error:
            report.reset()
            report.add_write_error(error)

    async def _rows(self, reader: JobReader) -> AsyncIterator[tuple[Row, RowResult]]:
        for index, pair in enumerate(reader.joined(self.url.name)):
            if index % _PAUSE == 0:
                # Ctrl-C takes effect at a pause only.
                await asyncio.sleep(0)
            yield pair

    def _write_passwords(self, reader: JobReader, path: Path, coggno: AsyncCoggno) -> None:
        with closing(PasswordFile(path)) as file:
            for person, password in reader.passwords(self.url.name, coggno):
                file.add(person, password)
            file.sync()


def provision_on_dask(options: ProvisionOptions, address: str) -> RunReport | None:
    """Read the roster, have a Dask cluster carry it out, write the files and return what became of the rows.

    Args:
        options: of the command.
        address: of the scheduler, or `local`.

    Raises:
        CommandError: an option means nothing for a job, or the run could not begin.
        CoggnoError: a setting, a file, the roster, the database or the cluster cannot be used; nothing was sent.
    """
    url = check_options(options, "--dask", ("--dry-run", "--recheck", "--sandbox"))
    # Once: a keyring may ask a person each time.
    found = evolve(options, client=options.client.require_key())
    return run_provisioning(found, partial(DaskProvisionRun, address=DaskAddress(address), url=url))
