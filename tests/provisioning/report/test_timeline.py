"""Rows per second over time, and times of waiting, in constant memory."""

from __future__ import annotations

import pytest

from coggno.provisioning import Waiting
from coggno.provisioning.report import Timeline
from tests.provisioning.report.test_html_report import Clock

WAITING = Waiting(since=0.0, reason="Coggno to respond again")


@pytest.fixture
def clock():
    return Clock()


def test_rows_are_counted_by_second(clock):
    timeline = Timeline(clock)
    for at in (0.1, 0.2, 2.5):
        clock.seconds = at
        timeline.row_ended()
    assert timeline.rates() == [2.0, 0.0, 1.0]


@pytest.mark.parametrize("hours", [0.1, 1, 100])
def test_long_runs_need_no_more_slices(clock, hours):
    """No row is lost when slices are merged, even after a long pause."""
    timeline = Timeline(clock)
    rows = 1000
    for _ in range(rows):
        clock.seconds += hours * 3600 / rows
        timeline.row_ended()
    clock.seconds += 1e6
    timeline.row_ended()
    assert sum(timeline.slices) == rows + 1
    assert len(timeline.slices) <= 240
    assert sum(timeline.rates()) * timeline.width == pytest.approx(rows + 1)


def test_waits_are_measured(clock):
    timeline = Timeline(clock)
    clock.seconds = 5
    timeline.waiting(WAITING)
    clock.seconds = 9
    timeline.waiting(WAITING)
    timeline.waiting(None)
    timeline.waiting(None)
    clock.seconds = 20
    timeline.waiting(WAITING)
    clock.seconds = 21
    timeline.end()
    assert [(wait.since, wait.until) for wait in timeline.waits] == [(5, 9), (20, 21)]
    assert timeline.waited == 5


def test_only_the_first_waits_are_kept(clock):
    timeline = Timeline(clock)
    for _ in range(1000):
        timeline.waiting(WAITING)
        clock.seconds += 1
        timeline.waiting(None)
    assert len(timeline.waits) == 50
    assert timeline.waited == 1000
