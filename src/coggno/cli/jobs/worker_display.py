"""What a worker shows while it carries out jobs: a line at a terminal, plain lines elsewhere."""

from __future__ import annotations

from attrs import define

from coggno.cli.provision.monitor import waiting_text
from coggno.cli.terminal import output
from coggno.cli.terminal.progress_reporter import ProgressReporter
from coggno.provisioning import Progress, RowResult
from coggno.provisioning.jobs import SubmittedJob
from coggno.provisioning.report import label_of, label_of_outcome


@define
class WorkerDisplay:
    """Shows what a worker does.

    Attributes:
        progress: the display at the terminal.
    """

    progress: ProgressReporter
    _done: int = 0
    _phase: str = ""

    def planning(self, job: SubmittedJob, /) -> None:
        """Show that the lists of a job are read."""
        self._show_phase(f"{job.name}: reading users and groups")

    def shard_begun(self, job: SubmittedJob, number: int, progress: Progress, /) -> None:
        """Show the rows of a part from now on."""
        self._phase, self._done = "", progress.done
        output.write_message(f"{job.name}, part {number} of {job.shards}: {job.roster}")
        earlier = {label_of_outcome(outcome): count for outcome, count in progress.counts.items() if count}
        self.progress.begin_rows(progress.total, earlier)

    def row_ended(self, result: RowResult, progress: Progress, /) -> None:
        """Count a row, unless an earlier worker has done it."""
        if progress.done > self._done:
            self._done = progress.done
            self.progress.row_ended(label_of(result), needs_attention=not result.is_as_wanted)

    def tick(self, progress: Progress, /) -> None:
        """Show whether the worker waits."""
        self.progress.waiting(waiting_text(progress.waiting))

    def idle(self, reason: str, /) -> None:
        """Show what the worker waits for."""
        self._show_phase(f"Waiting for {reason}")

    def note(self, text: str, /) -> None:
        """Write a line."""
        output.write_message(text)

    def _show_phase(self, text: str) -> None:
        # Called again every second: in a log, one line is enough.
        if text != self._phase:
            self._phase = text
            self.progress.phase(text)
