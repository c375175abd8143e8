"""Which display is chosen, and that it is put away."""

from __future__ import annotations

import io
import sys

import pytest

from coggno.cli.terminal.progress_bar import ProgressBarDisplay
from coggno.cli.terminal.progress_lines import ProgressLines
from coggno.cli.terminal.progress_reporter import reporting_progress
from tests.cli.terminal.helpers import ClosedTerminal, FakeTerminal


def run_three_rows() -> None:
    with reporting_progress() as progress:
        progress.begin_rows(3)
        progress.row_ended("created")


@pytest.fixture(autouse=True)
def _ordinary_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")


def test_terminal_gets_a_bar(monkeypatch):
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with reporting_progress() as progress:
        assert isinstance(progress.display, ProgressBarDisplay)
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is visible again


@pytest.mark.parametrize(("stream", "kind"), [(io.StringIO, "xterm"), (FakeTerminal, "dumb")])
def test_pipe_and_dumb_terminal_get_lines(monkeypatch, stream, kind):
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setenv("TERM", kind)
    with reporting_progress() as progress:
        assert isinstance(progress.display, ProgressLines)


def test_closed_terminal_does_not_end_the_run(monkeypatch):
    monkeypatch.setattr(sys, "stderr", ClosedTerminal())
    run_three_rows()


@pytest.mark.parametrize(("value", "has_color"), [("", True), ("1", False)])
def test_no_color_is_honored(monkeypatch, value, has_color):
    monkeypatch.setenv("NO_COLOR", value)
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run_three_rows()
    assert ("\x1b[3" in terminal.getvalue()) == has_color
