"""How many rows have ended, how fast, and how much longer."""

from __future__ import annotations

from collections import Counter

import pytest

from coggno.cli.terminal.row_counter import RowCounter
from tests.cli.terminal.helpers import ManualClock


def test_rate_covers_the_last_half_minute():
    """Rows that an earlier run had done end at once, and would make the remaining time far too short."""
    clock = ManualClock()
    rows = RowCounter(1000, clock)
    for _ in range(200):
        rows.add("exists")
    for _ in range(100):
        clock.now += 1
        rows.add("created")
    assert rows.rate == pytest.approx(1.0, rel=0.1)
    assert rows.remaining == pytest.approx(700, rel=0.1)
    assert rows.status().startswith("300 of 1,000 rows, ")
    assert rows.labels == {"exists": 200, "created": 100}


def test_status_without_rate_at_the_start():
    assert RowCounter(10, ManualClock()).status() == "0 of 10 rows"


def test_rate_falls_when_rows_stall():
    clock = ManualClock()
    rows = RowCounter(100, clock)
    clock.now += 1
    rows.add("created")
    before = rows.rate
    clock.now += 100
    assert rows.rate < before


def test_hours_appear_in_the_remaining_time():
    clock = ManualClock()
    rows = RowCounter(10_001, clock)
    clock.now += 1
    rows.add("created")
    assert rows.status() == "1 of 10,001 rows, 1.0/s, 2:46:40 left"


def test_rows_of_an_earlier_run_count_from_the_start():
    """But not for the rate: they took no time."""
    clock = ManualClock()
    rows = RowCounter(2000, clock, Counter({"created": 812}))
    assert rows.status() == "812 of 2,000 rows"
    for _ in range(20):
        clock.now += 1
        rows.add("created")
    assert rows.status().startswith("832 of 2,000 rows, 1.0/s")
    assert rows.labels == {"created": 832}
