"""Outcomes are a closed set; a summary counts them and knows how the run ended."""

import pytest

from coggno import CoggnoError
from coggno.provisioning import RosterError, RowOutcome, RowResult, RunStatus, StoppedError, Summary


def result(outcome, line=1, **more):
    return RowResult(line=line, login="a@b.example", outcome=outcome, **more)


def test_the_set_of_outcomes_is_the_documented_one():
    assert " ".join(RowOutcome) == (
        "created exists joined left deleted unchanged "
        "invalid duplicate conflict registered_elsewhere refused failed unknown"
    )


@pytest.mark.parametrize("outcome", RowOutcome)
def test_status_tells_whether_rows_are_as_wanted(outcome):
    wanted = outcome in {"created", "exists", "joined", "left", "deleted", "unchanged", "duplicate"}
    summary = Summary()
    summary.add(result(outcome))
    assert result(outcome).is_as_wanted is wanted
    assert summary.status() == (RunStatus.COMPLETE if wanted else RunStatus.INCOMPLETE)
    assert summary.not_as_wanted == (0 if wanted else 1)


def test_rows_can_be_forgiven_and_others_not():
    summary = Summary()
    summary.add(result(RowOutcome.INVALID))
    summary.add(result(RowOutcome.REFUSED))
    assert (summary.status(), summary.status(forgiven=2)) == (RunStatus.INCOMPLETE, RunStatus.COMPLETE)
    summary.add(result(RowOutcome.UNKNOWN))
    assert summary.status(forgiven=2) == RunStatus.INCOMPLETE


def test_an_early_stop_is_the_status():
    """Whatever became of its rows."""
    summary = Summary(stopped="interrupted")
    summary.add(result(RowOutcome.CREATED))
    assert (summary.status(), summary.status(forgiven=1)) == (RunStatus.STOPPED, RunStatus.STOPPED)


def test_summary_adds_up():
    """And knows the rows per second."""
    summary = Summary(seconds=2.0)
    assert Summary().rows_per_second == 0.0
    for outcome in (RowOutcome.CREATED, RowOutcome.CREATED, RowOutcome.FAILED):
        summary.add(result(outcome))
    assert (summary.rows, sum(summary.counts.values()), summary.rows_per_second) == (3, 3, 1.5)


def test_rows_not_attempted_are_counted_apart():
    """They are failed rows: the sum of the counts is still the number of rows."""
    summary = Summary()
    summary.add(result(RowOutcome.FAILED))
    summary.add(result(RowOutcome.FAILED, not_attempted=True))
    assert (summary.rows, summary.counts[RowOutcome.FAILED], summary.not_attempted) == (2, 2, 1)


def test_errors_are_coggno_errors():
    """A roster's says where, a stopped run's says why."""
    error = RosterError("wrong", line=3, column=7)
    assert isinstance(error, CoggnoError)
    assert (error.line, error.column) == (3, 7)
    stopped = StoppedError("interrupted")
    assert isinstance(stopped, CoggnoError)
    assert stopped.reason == "interrupted"
    assert "Run the same roster again" in str(stopped)
