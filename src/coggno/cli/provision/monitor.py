"""Everybody who follows a run: the person at the terminal, a program that reads the events, the report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from coggno.cli.provision.events import EventStream
from coggno.cli.terminal.progress_reporter import ProgressReporter
from coggno.provisioning import RowResult, Waiting
from coggno.provisioning.report import Timeline, label_of


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
    _left: int = field(init=False, default=0)

    def begin(self, data: Mapping[str, Any]) -> None:
        """Report that the rows begin.

        Args:
            data: about the run, as `RunReport.start_data` returns it.
        """
        self.timeline = Timeline()
        earlier = data["done_earlier"]
        self._left = data["rows"] - earlier
        self.progress.begin_rows(data["rows"], done_earlier=earlier)
        if self.events is not None:
            self.events.start(data)

    def row_ended(self, result: RowResult) -> None:
        """Report the outcome of a row."""
        # What an earlier run has done comes last, all at once: it would look like a burst of speed.
        if self._left > 0:
            self._left -= 1
            self.timeline.row_ended()
        self.progress.row_ended(label_of(result), needs_attention=not result.is_as_wanted)
        if self.events is not None:
            self.events.row_ended(result)

    def removed(self, result: RowResult) -> None:
        """Report somebody who is in no row, and was removed."""
        if self.events is not None:
            self.events.removed(result)

    def waiting(self, waiting: Waiting | None) -> None:
        """Report, about once a second, whether the run waits: while it does, no row ends that would show it."""
        self.timeline.waiting(waiting)
        self.progress.waiting(_waiting_text(waiting))
        if self.events is not None:
            self.events.progress(waiting)


def _waiting_text(waiting: Waiting | None) -> str | None:
    if waiting is None:
        return None
    # Local time: the person at the terminal compares it with a clock on the wall.
    since = time.strftime("%H:%M", time.localtime(waiting.since))
    return f"Waiting since {since} for {waiting.reason}"
