"""Outcomes in the user's words."""

from __future__ import annotations

import pytest

from coggno.provisioning import RowOutcome, RowResult
from coggno.provisioning.report import detail_of, label_of


def result(outcome: RowOutcome, detail: str = "", **more: bool) -> RowResult:
    return RowResult(line=2, login="ada", outcome=outcome, detail=detail, **more)


@pytest.mark.parametrize("outcome", list(RowOutcome))
def test_every_outcome_has_a_readable_label(outcome):
    label = label_of(result(outcome))
    assert "_" not in label
    assert label not in {"exists", "joined", "conflict"}
    assert detail_of(result(outcome)) == label


@pytest.mark.parametrize("detail", ["not attempted: interrupted", "not attempted: interrupted (the same as line 5)"])
def test_row_that_was_not_begun_is_not_failed(detail):
    row = result(RowOutcome.FAILED, detail, not_attempted=True)
    assert (label_of(row), detail_of(row)) == ("not attempted", "interrupted")


def test_row_that_was_begun_is_failed():
    detail = "the user was made, but the rest was not attempted: interrupted"
    row = result(RowOutcome.FAILED, detail)
    assert (label_of(row), detail_of(row)) == ("failed", detail)
