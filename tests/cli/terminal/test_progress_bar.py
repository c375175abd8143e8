"""The bar fits every terminal, and only one that exists matters."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from coggno.cli.terminal.progress_bar import ProgressBarDisplay
from coggno.cli.terminal.row_counter import RowCounter
from tests.cli.terminal.helpers import FakeTerminal


def frame(display: ProgressBarDisplay, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(display)
    return console.file.getvalue()


def bar() -> ProgressBarDisplay:
    return ProgressBarDisplay(Console(file=FakeTerminal(), force_terminal=True))


@pytest.mark.parametrize("width", [100, 80, 60, 40, 20, 10])
def test_frame_fits_the_terminal(width):
    display, rows = bar(), RowCounter(200)
    display.show_rows(rows)
    for label in ["created"] * 120 + ["registered elsewhere"] * 3:
        rows.add(label)
    shown = frame(display, width)
    assert all(len(line) <= width for line in shown.splitlines())
    assert "120" in shown
    assert "3" in shown


def test_phase_gives_way_to_the_rows():
    display = bar()
    display.show_phase("Reading the users")
    assert "Reading the users ..." in frame(display)
    display.show_rows(RowCounter(7))
    assert "Reading" not in frame(display)
    assert "0 of 7 rows" in frame(display)


def test_bar_says_what_the_run_waits_for():
    display, rows = bar(), RowCounter(2000)
    display.show_rows(rows)
    rows.waiting = "Waiting since 14:03 for Coggno to respond again"
    waits = "Waiting since 14:03 for Coggno to respond again, 0 of 2,000 rows done"
    assert waits in frame(display)
    # The reason is read to its end in a narrow terminal, too.
    assert waits in " ".join(frame(display, 40).split())


def test_roster_without_rows_has_a_frame():
    display = bar()
    display.show_rows(RowCounter(0))
    assert "0 of 0 rows" in frame(display)


def test_problems_are_red():
    display, rows = bar(), RowCounter(3)
    display.show_rows(rows)
    rows.add("created")
    rows.add("invalid", needs_attention=True)
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    console.print(display)
    assert "\x1b[32m1 created" in console.file.getvalue()
    assert "\x1b[31m1 invalid" in console.file.getvalue()
