"""Reports on standard error how far a run is: a bar at a terminal, lines everywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Protocol, TextIO

from attrs import define

from coggno.cli.terminal import output
from coggno.cli.terminal.progress_lines import ProgressLines
from coggno.cli.terminal.row_counter import MonotonicClock, RowCounter


class ProgressDisplay(Protocol):
    """Shows progress in one way or another."""

    def show_phase(self, text: str) -> None:
        """Show that something without a known length begins."""
        ...

    def show_rows(self, rows: RowCounter) -> None:
        """Show the rows of a run from now on."""
        ...

    def update(self) -> None:
        """Take note that the counter has changed."""
        ...

    def waiting_changed(self) -> None:
        """Take note that the run has begun to wait, or goes on."""
        ...

    def pause(self) -> None:
        """Leave the terminal to somebody else, until `resume`."""
        ...

    def resume(self) -> None:
        """Go on after `pause`."""
        ...

    def close(self) -> None:
        """Clean up; called once, however the run ends."""
        ...


@define
class ProgressReporter:
    """Counts what a run reports, and hands the counter to a display."""

    display: ProgressDisplay
    clock: MonotonicClock = time.monotonic
    _rows: RowCounter | None = None

    @contextmanager
    def paused(self) -> Generator[None]:
        """Leave the terminal to a question for as long as the context lasts."""
        self.display.pause()
        try:
            yield
        finally:
            self.display.resume()

    def phase(self, text: str) -> None:
        """Report that something without a known length begins.

        Args:
            text: what is being done, e.g. `Reading the roster`.
        """
        self.display.show_phase(text)

    def begin_rows(self, total: int, earlier: Mapping[str, int] | None = None) -> None:
        """Report that `total` rows begin.

        Args:
            total: rows of the roster.
            earlier: label -> rows that an earlier run has done.
        """
        self._rows = RowCounter(total, self.clock, Counter(earlier or {}))
        self.display.show_rows(self._rows)

    def row_ended(self, label: str, *, needs_attention: bool = False) -> None:
        """Report that a row has ended.

        Args:
            label: its outcome, in the user's words.
            needs_attention: whether the user has to do something about it.
        """
        if self._rows is not None:
            self._rows.add(label, needs_attention=needs_attention)
            self.display.update()

    def waiting(self, text: str | None) -> None:
        """Report what the run waits for.

        Args:
            text: such as `Waiting since 14:03 for Coggno to respond again`; `None` when it goes on.
        """
        rows = self._rows
        if rows is None:
            return
        if text != rows.waiting:
            rows.waiting = text
            self.display.waiting_changed()
        else:
            self.display.update()


@contextmanager
def reporting_progress(*, is_plain: bool = False) -> Generator[ProgressReporter]:
    """Report on standard error for as long as the context lasts.

    Args:
        is_plain: whether there are to be lines even at a terminal.
    """
    display = ProgressLines() if is_plain else _display_for(sys.stderr)
    try:
        yield ProgressReporter(display)
    finally:
        # Also after an error: the bar has hidden the cursor, and the message must start on a clean line.
        display.close()


def _display_for(stream: TextIO) -> ProgressDisplay:
    # A dumb terminal (Emacs' shell, some CI logs) cannot move its cursor, so that every frame would stay.
    if not output.is_terminal(stream) or os.environ.get("TERM") == "dumb":
        return ProgressLines()
    # rich takes a tenth of a second to import, which only this case has to pay.
    from coggno.cli.terminal.progress_bar import ProgressBarDisplay

    return ProgressBarDisplay.start(stream)
