"""Everybody who follows a run: the person at the terminal, a program that reads the events, the report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from coggno.cli.provision.events import EventStream
from coggno.cli.terminal.progress_reporter import ProgressReporter
from coggno.provisioning import Progress, RowOutcome, RowResult, Waiting
from coggno.provisioning.report import Timeline, label_of, label_of_outcome


@define
class RunMonitor:
    """Passes on what a run reports.

    Attributes:
        progress: the display at the terminal.
        events: the stream for programs, if it is wanted.
        timeline: counts rows over time.
    """

    progress: ProgressReporter
    events: EventStream | None = None
    timeline: Timeline = field(factory=Timeline)
    _done: int = field(init=False, default=0)

    def begin(self, data: Mapping[str, Any], progress: Progress | None = None) -> None:
        """Report that the rows begin.

        Args:
            data: about the run, as `RunReport.start_data` returns it.
            progress: what an earlier run has done; `None` for a forecast.
        """
        self.timeline = Timeline()
        self._done = 0 if progress is None else progress.done
        counts: Mapping[RowOutcome, int] = {} if progress is None else progress.counts
        earlier = {label_of_outcome(outcome): count for outcome, count in counts.items() if count}
        self.progress.begin_rows(data["rows"], earlier)
        if self.events is not None:
            self.events.start(data)

    def row_ended(self, result: RowResult, done: int | None = None) -> None:
        """Report the outcome of a row.

        Args:
            result: of the row.
            done: how many rows have ended, those that an earlier run has done included; `None` to count them here.
        """
        done = self._done + 1 if done is None else done
        # Results of an earlier run come last, and were counted at the beginning.
        if done > self._done:
            self._done = done
            # Rows that the run did not get to all end with it: counted, they would be its highest pace.
            if not result.not_attempted:
                self.timeline.row_ended()
            self.progress.row_ended(label_of(result), needs_attention=not result.is_as_wanted)
        if self.events is not None:
            self.events.row_ended(result)

    def removed(self, result: RowResult) -> None:
        """Report somebody who is in no row, and was removed."""
        if self.events is not None:
            self.events.removed(result)

    def tick(self, progress: Progress) -> None:
        """Report about once a second how far the run is: while it waits, no row ends that would show it."""
        self.timeline.waiting(progress.waiting)
        self.progress.waiting(waiting_text(progress.waiting))
        if self.events is not None:
            self.events.progress(progress)


def waiting_text(waiting: Waiting | None) -> str | None:
    """Return what a run waits for, and since when, for a person."""
    if waiting is None:
        return None
    # Local time: the person at the terminal compares it with a clock on the wall.
    since = time.strftime("%H:%M", time.localtime(waiting.since))
    return f"Waiting since {since} for {waiting.reason}"
