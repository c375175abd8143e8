"""Counts of a run, and the rows that need attention, in constant memory."""

from __future__ import annotations

from coggno.provisioning import RowOutcome
from coggno.provisioning.report import LISTED, RunStatistics
from tests.provisioning.report.test_html_report import row


def added(results):
    statistics = RunStatistics()
    for line, (outcome, detail) in enumerate(results, start=2):
        each = row(line, "Warehouse")
        statistics.add(each, each.result(outcome, detail))
    return statistics


def test_counts_add_up():
    statistics = added([(RowOutcome.CREATED, ""), (RowOutcome.EXISTS, ""), (RowOutcome.INVALID, "x")])
    assert statistics.labels == {"created": 1, "already existing": 1, "invalid": 1}
    assert statistics.outcomes == {"created": 1, "exists": 1, "invalid": 1}
    assert statistics.groups == {"Warehouse": statistics.labels}
    assert list(statistics.problems) == ["invalid"]


def test_kept_rows_are_bounded():
    """However many rows there are, and however different their details."""
    problems = added([(RowOutcome.FAILED, f"detail {line}") for line in range(5000)]).problems["failed"]
    assert problems.count == 5000
    assert len(problems.first) == 200
    assert len(problems._alike) == 1000
    assert [result.line for result in problems.single()] == list(range(2, 2 + LISTED))


def test_common_details_stand_for_their_rows():
    details = [*["common"] * 30, "one", "two", *["often"] * 50]
    problems = added([(RowOutcome.INVALID, detail) for detail in details]).problems["invalid"]
    assert [(alike.detail, alike.count, alike.rows[0].line) for alike in problems.common()] == [
        ("often", 50, 34),
        ("common", 30, 2),
    ]
    assert [result.detail for result in problems.single()] == ["one", "two"]
    assert [result.detail for result in problems.single(200)] == ["one", "two"]


def test_missing_passwords_are_counted():
    statistics = added([(RowOutcome.INVALID, "email is missing; password is missing"), (RowOutcome.CREATED, "")])
    assert statistics.missing_passwords == 1
