"""The run as a stream of events for programs: one JSON object a line on standard output."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, field

from coggno.cli.terminal import output
from coggno.cli.terminal.row_counter import MonotonicClock
from coggno.provisioning import Progress, RowResult
from coggno.provisioning.report import outcome_name

_INTERVAL: Final = 1.0  # seconds between two events of progress


@define
class EventStream:
    """Writes events; a reader that has gone away does not end the run.

    Attributes:
        write: writes one event.
        flush: writes out what is buffered.
        clock: seconds that only grow.
        now: seconds since the epoch.
        error: why nothing can be written any more, if so.
    """

    write: Callable[[Mapping[str, Any]], None] = output.write_json
    flush: Callable[[], None] = output.flush
    clock: MonotonicClock = time.monotonic
    now: Callable[[], float] = time.time
    error: output.StdoutError | None = None
    _total: int = field(init=False, default=0)
    _done: int = field(init=False, default=0)
    _reported: int = field(init=False, default=-1)
    _last: float = field(init=False, default=0.0)
    _is_waiting: bool = field(init=False, default=False)

    def start(self, data: Mapping[str, Any]) -> None:
        """Report that the rows begin.

        Args:
            data: about the run, as `RunReport.start_data` returns it.
        """
        self._total, self._done = data["rows"], data.get("done_earlier", 0)
        self._emit("start", time=output.timestamp(self.now()), **data)
        self._flush()

    def row_ended(self, result: RowResult) -> None:
        """Report the outcome of a row."""
        self._emit("row", line=result.line, **_result_data(result))

    def removed(self, result: RowResult) -> None:
        """Report somebody who is in no row, and was removed or deleted."""
        self._emit("removal", **_result_data(result))

    def progress(self, progress: Progress) -> None:
        """Report how far the run is, at most once a second and only if that has changed.

        Args:
            progress: of the run; rows that an earlier run has done count from the beginning.
        """
        self._done, waiting = progress.done, progress.waiting
        if (waiting is not None) != self._is_waiting:
            self._is_waiting = waiting is not None
            if waiting is not None:
                since = output.timestamp(waiting.since)
                self._emit("waiting", since=since, reason=waiting.reason, done=self._done, total=self._total)
        is_due = self.clock() - self._last >= _INTERVAL
        if waiting is None and is_due and self._done != self._reported:
            self._reported, self._last = self._done, self.clock()
            self._emit("progress", time=output.timestamp(self.now()), done=self._done, total=self._total)
        self._flush()

    def end(self, summary: Mapping[str, Any]) -> None:
        """Report the end of the run, with its summary; the last event."""
        self._emit("end", time=output.timestamp(self.now()), **summary)
        self._flush()

    def _emit(self, event: str, **data: Any) -> None:
        if self.error is not None:
            return
        try:
            self.write({"event": event, **data})
        except output.StdoutError as error:
            self.error = error

    def _flush(self) -> None:
        if self.error is not None:
            return
        try:
            self.flush()
        except output.StdoutError as error:
            self.error = error


def _result_data(result: RowResult) -> dict[str, Any]:
    return {
        "login": result.login,
        "outcome": outcome_name(result),
        "user_id": result.user_id,
        "detail": result.detail,
        "inferred": result.inferred,
    }
