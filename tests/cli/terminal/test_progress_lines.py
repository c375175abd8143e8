"""Progress where no terminal is: a line now and then."""

from __future__ import annotations

import re

from coggno.cli.terminal.progress_lines import ProgressLines
from coggno.cli.terminal.progress_reporter import ProgressReporter
from tests.cli.terminal.helpers import ManualClock


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
