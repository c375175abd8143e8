"""Who follows a worker: a terminal, a log, a web application."""

from __future__ import annotations

from typing import Protocol

from coggno.provisioning.jobs.records import SubmittedJob
from coggno.provisioning.outcomes import Progress, RowResult


class WorkerObserver(Protocol):
    """Receives what a worker does, in the task of the worker: nothing here may take long."""

    def planning(self, job: SubmittedJob, /) -> None:
        """The worker reads what exists of what a job asks for."""
        ...

    def shard_begun(self, job: SubmittedJob, number: int, progress: Progress, /) -> None:
        """The worker begins a part of a job, or continues it: rows that are done are in the progress."""
        ...

    def row_ended(self, result: RowResult, progress: Progress, /) -> None:
        """A row has its outcome."""
        ...

    def tick(self, progress: Progress, /) -> None:
        """About a second has passed while the worker carries out rows."""
        ...

    def idle(self, reason: str, /) -> None:
        """The worker has nothing to do now; called again every second or so."""
        ...

    def note(self, text: str, /) -> None:
        """Something a person should know: a job that was left alone, or a failure after which the worker goes on."""
        ...


class SilentObserver:
    """Observes nothing."""

    def planning(self, job: SubmittedJob, /) -> None:
        """Do nothing."""

    def shard_begun(self, job: SubmittedJob, number: int, progress: Progress, /) -> None:
        """Do nothing."""

    def row_ended(self, result: RowResult, progress: Progress, /) -> None:
        """Do nothing."""

    def tick(self, progress: Progress, /) -> None:
        """Do nothing."""

    def idle(self, reason: str, /) -> None:
        """Do nothing."""

    def note(self, text: str, /) -> None:
        """Do nothing."""
