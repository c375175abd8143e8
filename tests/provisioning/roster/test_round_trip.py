"""`failed.csv`, run again unedited, gives the same verdicts, whichever form the roster has."""

import io
import json
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyarrow import parquet

from coggno.provisioning import read_roster, write_failed
from tests.helpers.workbook import workbook

COLUMNS = ("first name", "last name", "email", "login", "group", "company", "status", "note")
# No control characters: XML has none. The people's text has what CSV quotes, and what looks like JSON.
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), max_size=6) | st.sampled_from(
    ["Ada", "a;b", "x,y", '"', "{}", '{"a": 1}', "[1]", "deleted", "1.5", "\u200b", "=1+1", " x ", "a|b"]
)
MAIL = st.sampled_from(["a@b.example", "A@B.example", "c@d.example", "nobody", "", "{}"])
SIMPLE = (
    TEXT | st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=True, allow_infinity=False)
)
NESTED = SIMPLE | st.lists(TEXT | st.integers(0, 9), max_size=3) | st.dictionaries(TEXT, TEXT, max_size=2)


def people(values):
    fields = [values, values, MAIL, TEXT, values, TEXT, TEXT, values]
    return st.lists(st.fixed_dictionaries(dict(zip(COLUMNS, fields, strict=True))), min_size=1, max_size=5)


def verdicts(found):
    return [(row.rejection is None, row.merged_into is None) for row in found.rows]


def check_round_trip(found, folder):
    path = folder / "failed.csv"
    assert write_failed(path, found, {}) == len(found.rows)
    again = read_roster(path)
    assert verdicts(again) == verdicts(found)
    for before, after in zip(found.rows, again.rows, strict=True):
        if before.rejection is None:
            assert after.person == before.person
            assert after.digest == before.digest
    # And once more: nothing changes after the first time.
    assert write_failed(path, again, {}) == len(again.rows)
    assert verdicts(read_roster(path)) == verdicts(again)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("failed")


@given(rows=people(NESTED))
def test_mappings(rows, folder):
    check_round_trip(read_roster(rows), folder)


@given(rows=people(NESTED))
def test_json_lines(rows, folder):
    check_round_trip(read_roster(io.BytesIO("\n".join(map(json.dumps, rows)).encode())), folder)


@given(rows=people(SIMPLE | st.dates(date(1930, 1, 1), date(2060, 1, 1))))
def test_workbooks(rows, folder):
    cells = [[None if value != value else value for value in row.values()] for row in rows]
    assume(any(str(cell or "").strip() for row in cells for cell in row))  # else there are no rows
    check_round_trip(read_roster(io.BytesIO(workbook([COLUMNS, *cells]))), folder)


@given(rows=people(TEXT | st.none()))
def test_parquet(rows, folder):
    buffer = io.BytesIO()
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in COLUMNS}
    parquet.write_table(pa.table(columns), buffer)
    check_round_trip(read_roster(io.BytesIO(buffer.getvalue())), folder)


@given(cells=st.lists(st.lists(TEXT, min_size=1, max_size=8), min_size=1, max_size=5))
def test_uneven_csv(cells, folder):
    """Rows with too many cells or too few."""
    text = "\n".join([",".join(COLUMNS[:4]), *(",".join(cell.replace('"', "") for cell in row) for row in cells)])
    assume(any(cell.replace('"', "").strip() for row in cells for cell in row))
    check_round_trip(read_roster(io.BytesIO(text.encode())), folder)
