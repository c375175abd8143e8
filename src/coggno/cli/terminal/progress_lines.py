"""Progress as plain lines, for a log or a pipe."""

from __future__ import annotations

import time
from typing import Final

from attrs import define, field

from coggno.cli.terminal import output
from coggno.cli.terminal.row_counter import MonotonicClock, RowCounter

_INTERVAL: Final = 10.0  # seconds between two lines; a log of an hour stays readable
_WAITING_INTERVAL: Final = 60.0  # the same, while nothing happens


@define
class ProgressLines:
    """Writes one line for each phase, and one about the rows every ten seconds."""

    clock: MonotonicClock = time.monotonic
    _rows: RowCounter = field(init=False, factory=lambda: RowCounter(0))
    _last_line: float = field(init=False, default=0.0)

    def show_phase(self, text: str) -> None:
        """Write what is being done."""
        output.write_message(f"{text} ...")

    def show_rows(self, rows: RowCounter) -> None:
        """Write how many rows there are."""
        self._rows = rows
        self._last_line = self.clock()
        output.write_message(f"{output.count_rows(rows.total)} ...")

    def update(self) -> None:
        """Write how far the run is, if the last line is old."""
        is_waiting = self._rows.waiting is not None
        if self.clock() - self._last_line < (_WAITING_INTERVAL if is_waiting else _INTERVAL):
            return
        self._write_line()

    def waiting_changed(self) -> None:
        """Write at once that the run waits; that it goes on again, the next line shows."""
        if self._rows.waiting is not None:
            self._write_line()

    def _write_line(self) -> None:
        self._last_line = self.clock()
        if self._rows.waiting is not None:
            output.write_message(self._rows.status())
            return
        counts = ", ".join(f"{count:,} {label}" for label, count in self._rows.labels.most_common())
        output.write_message(f"{self._rows.status()}: {counts}")

    def pause(self) -> None:
        """Do nothing: lines can follow a question."""

    def resume(self) -> None:
        """Do nothing, for the same reason."""

    def close(self) -> None:
        """Do nothing: lines stay."""
