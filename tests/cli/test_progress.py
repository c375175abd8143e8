"""Progress: a bar for a person, a line now and then for a log."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from coggno.cli.bar import Bar
from coggno.cli.progress import Lines, Tally, watching


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_pace_is_that_of_the_last_half_minute():
    clock = Clock()
    tally = Tally(1000, clock)
    for _ in range(200):  # a resumed run: these were done before
        tally.saw("exists")
    for _ in range(100):
        clock.now += 1
        tally.saw("created")
    assert tally.rate == pytest.approx(1.0, rel=0.1)
    assert tally.remaining == pytest.approx(700, rel=0.1)
    assert tally.facts()[0] == "300 of 1,000 rows"
    assert tally.counts() == ["200 exists", "100 created"]


def test_no_pace_is_told_before_there_is_one():
    assert Tally(10, Clock()).facts() == ["0 of 10 rows"]


def test_a_pace_that_stalls_falls():
    clock = Clock()
    tally = Tally(100, clock)
    clock.now += 1
    tally.saw("created")
    before = tally.rate
    clock.now += 100
    assert tally.rate < before


def test_lines_come_now_and_then(capsys):
    clock = Clock()
    lines = Lines(clock)
    lines.phase("Reading")
    lines.begin(5000)
    for _ in range(5000):
        clock.now += 0.01
        lines.saw("created")
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == ["Reading ...", "5,000 rows ..."]
    assert 4 <= len(told) - 2 <= 5
    assert re.fullmatch(r"(1,00\d) of 5,000 rows, 100/s, 0:40 left: \1 created", told[2])


@pytest.mark.parametrize("width", [100, 80, 60, 40, 20, 10])
def test_a_frame_fits_the_terminal(width):
    bar = Bar(Console(file=Terminal(), width=width, force_terminal=True))
    bar.begin(200)
    for outcome in ["created"] * 120 + ["registered_elsewhere"] * 3:
        bar.saw(outcome)
    console = Console(file=io.StringIO(), width=width)
    console.print(bar)
    shown = console.file.getvalue()
    assert all(len(line) <= width for line in shown.splitlines())
    assert "120" in shown
    assert "3" in shown


def test_a_phase_is_shown_until_the_rows_begin():
    bar = Bar(Console(file=Terminal(), force_terminal=True))
    console = Console(file=io.StringIO(), width=80)
    bar.phase("Reading what is there")
    console.print(bar)
    assert "Reading what is there" in console.file.getvalue()


def test_the_bar_is_for_terminals(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with watching() as progress:
        assert isinstance(progress, Bar)
        progress.begin(3)
        progress.saw("created")
    assert "\x1b" in terminal.getvalue()


def test_a_pipe_and_a_dumb_terminal_get_lines(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with watching() as progress:
        assert isinstance(progress, Lines)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    with watching() as progress:
        assert isinstance(progress, Lines)


def test_a_terminal_that_is_gone_does_not_end_the_run(monkeypatch):
    class Gone(Terminal):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Gone())
    with watching() as progress:
        progress.begin(3)
        progress.saw("created")


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with watching() as progress:
        progress.begin(3)
        progress.saw("created")
    assert "\x1b[3" not in terminal.getvalue()
