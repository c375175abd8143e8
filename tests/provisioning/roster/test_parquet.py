"""Parquet: typed columns become the cells that a person would write, in batches."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from coggno.provisioning import RosterError, read_roster
from tests.provisioning.helpers import row_of

PEOPLE = {
    "first_name": ["Ada", "Grace", None],
    "last_name": ["Lovelace", "Hopper", "Turing"],
    "email": ["ada@example.com", "grace@example.com", "alan@example.com"],
    "login": [1001, 1002, None],
    "groups": [["Warehouse", "Office"], ["X;Y"], []],
}


def written(columns, **options):
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer, **options)
    return io.BytesIO(buffer.getvalue())


def test_a_parquet_file_is_a_roster(tmp_path):
    path = tmp_path / "people.parquet"
    path.write_bytes(written(PEOPLE).getvalue())
    found = read_roster(path)
    first = row_of(found, 0)
    assert (first.line, first.person.login, first.person.groups) == (1, "1001", ("Warehouse", "Office"))
    assert [row.rejection and row.rejection.detail for row in found.rows] == [
        None,
        "group is of type list with ; or | in a text, not text",
        "first_name is missing",
    ]
    assert (found.header, found.path, found.digest) == (tuple(PEOPLE), path, read_roster(path).digest)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (1.25, "1.25"),
        (date(2026, 3, 4), "2026-03-04"),
        (datetime(2026, 3, 4, tzinfo=UTC), "2026-03-04"),
        (datetime(2026, 3, 4, 5, 6, tzinfo=UTC), "2026-03-04 05:06:00+00:00"),
        (None, ""),
        ("Ü", "Ü"),
    ],
)
def test_values_become_text(value, text):
    """A column of numbers in which one is missing is a column of floats."""
    columns = {"first name": ["A"], "last name": ["B"], "email": ["a@example.com"], "note": [value]}
    assert row_of(read_roster(written(columns)), 0).cells[3] == text


@pytest.mark.parametrize("value", [True, b"bytes", Decimal("1.5"), {"a": 1}, [[1]]])
def test_other_values_are_no_names(value):
    columns = {"first name": [value], "last name": ["B"], "email": ["a@example.com"]}
    assert "first_name is of type" in row_of(read_roster(written(columns)), 0).rejection.detail


def test_many_row_groups_are_read():
    count = 10_000
    columns = {
        "first name": [f"F{number}" for number in range(count)],
        "last name": ["L"] * count,
        "email": [f"u{number}@example.com" for number in range(count)],
    }
    found = read_roster(written(columns, row_group_size=777))
    assert [row.line for row in found.rows] == list(range(1, count + 1))


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", written(PEOPLE).getvalue()[:-20]])
def test_damaged_files_are_refused(content):
    with pytest.raises(RosterError, match="is no Parquet file that can be read"):
        read_roster(io.BytesIO(content))


def test_a_file_without_rows_is_refused():
    with pytest.raises(RosterError, match="no rows below the header"):
        read_roster(written({"first name": [], "last name": [], "email": []}))
