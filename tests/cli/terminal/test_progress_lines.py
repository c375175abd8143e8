"""Progress where no terminal is: a line now and then."""

from __future__ import annotations

import re

from coggno.cli.terminal.progress_lines import ProgressLines
from coggno.cli.terminal.progress_reporter import ProgressReporter
from tests.cli.terminal.helpers import ManualClock


def test_waiting_is_written_at_once_and_every_minute(capsys):
    clock = ManualClock()
    progress = ProgressReporter(ProgressLines(clock), clock)
    progress.begin_rows(2000)
    for _ in range(130):
        clock.now += 1
        progress.waiting("Waiting since 14:03 for Coggno to respond again")
    progress.waiting(None)
    clock.now += 60
    progress.row_ended("created")
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:4] == ["Waiting since 14:03 for Coggno to respond again, 0 of 2,000 rows done"] * 3
    assert len(lines) == 5
    assert lines[4].startswith("1 of 2,000 rows")


def test_a_line_every_ten_seconds(capsys):
    clock = ManualClock()
    progress = ProgressReporter(ProgressLines(clock), clock)
    progress.phase("Reading")
    progress.begin_rows(5000)
    for _ in range(5000):
        clock.now += 0.01
        progress.row_ended("created")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Reading ...", "5,000 rows ..."]
    assert 4 <= len(lines) - 2 <= 5
    assert re.fullmatch(r"(1,00\d) of 5,000 rows, 100/s, 0:40 left: \1 created", lines[2])
