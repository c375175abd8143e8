"""JSON Lines: whatever one line holds concerns its own row only."""

import json

import pytest

from coggno.provisioning import RowOutcome, read_roster, write_failed, write_results
from tests.provisioning.helpers import roster, row_of

ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}
BOB = {"email": "bob@example.com", "first_name": "Bob", "last_name": "B"}


def lines(*rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


@pytest.mark.parametrize("depth", [101, 1000, 100_000])
@pytest.mark.parametrize("form", ['{"note": %s}', '{"email": %s}'])
def test_deep_nesting_makes_its_row_invalid(depth, form, tmp_path):
    """No RecursionError, the other rows go on, and the row is refused again when `failed.csv` is run."""
    deep = form % ("[" * depth + "]" * depth)
    found = roster(lines(ADA, deep, BOB))
    assert [row.rejection and row.rejection.outcome for row in found.rows] == [None, RowOutcome.INVALID, None]
    assert row_of(found, 1).rejection.detail == "the JSON object is nested more than 100 levels deep"
    write_results(tmp_path / "results.csv", found, {})
    assert write_failed(tmp_path / "failed.csv", found, {}) == 3
    again = read_roster(tmp_path / "failed.csv")
    assert [row.rejection and row.rejection.outcome for row in again.rows] == [None, RowOutcome.INVALID, None]


def test_brackets_in_texts_are_no_nesting():
    found = roster(lines({**ADA, "note": "[" * 200 + '\\"{' * 200}))
    assert row_of(found, 0).rejection is None


def test_deep_nesting_from_code_is_harmless():
    value = []
    for _ in range(5000):
        value = [value]
    found = read_roster([{**ADA, "note": value}, {**BOB, "first_name": value}, {**BOB, "group": {"x": value}}])
    assert [row.rejection is None for row in found.rows] == [True, False, False]
    assert "first_name is of type list of other values than text" in row_of(found, 1).rejection.detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", {"given": "Ada"}),
        ("last_name", True),
        ("first_name", ["Ada", "Augusta"]),
        ("group", ["a;b", "c"]),
        ("group", [["a"]]),
        ("login", False),
        ("first_name", "\ud800"),
    ],
)
def test_other_values_are_refused_again(field, value, tmp_path):
    """As text in `failed.csv` a JSON value must not pass for somebody's name."""
    found = roster(lines({**ADA, field: value}))
    assert row_of(found, 0).rejection.outcome is RowOutcome.INVALID
    write_failed(tmp_path / "failed.csv", found, {})
    again = read_roster(tmp_path / "failed.csv")
    assert row_of(again, 0).rejection.outcome is RowOutcome.INVALID


def test_other_values_in_unused_columns_stay_readable(tmp_path):
    found = roster(lines({**ADA, "first_name": True, "active": True, "address": {"city": "X"}}))
    assert row_of(found, 0).cells == ("ada@example.com", '{"boolean": "true"}', "Lovelace", "true", '{"city": "X"}')
