"""What is counted while a run is followed."""

from __future__ import annotations

from coggno.cli.provision.monitor import RunMonitor
from coggno.cli.terminal.progress_lines import ProgressLines
from coggno.cli.terminal.progress_reporter import ProgressReporter
from coggno.provisioning import RowOutcome, RowResult


def test_rows_not_attempted_are_no_pace():
    """They all end at the same moment, and would be the highest pace of the run."""
    monitor = RunMonitor(ProgressReporter(ProgressLines()))
    monitor.begin({"rows": 3})
    monitor.row_ended(RowResult(line=2, login="ada", outcome=RowOutcome.CREATED))
    for line in (3, 4):
        monitor.row_ended(RowResult(line=line, login="bob", outcome=RowOutcome.FAILED, not_attempted=True))
    assert sum(monitor.timeline.slices) == 1
