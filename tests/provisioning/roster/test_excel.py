"""Workbooks: the values that their cells show, rows by their numbers, and what a sheet can hide."""

import builtins
import csv
import importlib
import io
import sys
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.provisioning import RosterError, RosterOptions, read_roster, write_failed
from tests.helpers.workbook import ErrorValue, Formula, workbook
from tests.provisioning.helpers import ADA, HEADER, roster, row_of

NAMES = ["First Name", "Last Name", "Email", "Login", "Group"]
PERSON = ["Ada", "Lovelace", "ada@example.com", None, "Warehouse"]


def sheet(*rows, options=None, **more):
    return read_roster(io.BytesIO(workbook([NAMES, *rows], **more)), RosterOptions(**(options or {})))


def rejections(found):
    return {row.line: row.rejection.detail for row in found.rows if row.rejection}


def test_a_workbook_is_a_roster(tmp_path):
    path = tmp_path / "people.xlsx"
    path.write_bytes(workbook([NAMES, PERSON, [None] * 5, [*PERSON[:2], "b@example.com", "b", "Office; Hall"]]))
    found = read_roster(path)
    assert [(row.line, row.person.effective_login) for row in found.rows] == [(2, "ada@example.com"), (4, "b")]
    assert row_of(found, 1).person.groups == ("Office", "Hall")
    assert (found.header, found.delimiter, found.path) == (tuple(NAMES), None, path)
    assert read_roster(path).digest == found.digest
    path.unlink()  # it is read once, and its rows are copied
    assert len(list(found.rows)) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1001, "1001"),
        (1001.0, "1001"),
        (1.5, "1.5"),
        ("007", "007"),
        (999_999_999_999_999, "999999999999999"),
        (1_234_567_890_123_456, "1.23456789012346E+15"),
        (date(2026, 3, 4), "2026-03-04"),
        (datetime(2026, 3, 4, 5, 6), "2026-03-04 05:06:00"),  # noqa: DTZ001 - a sheet knows no time zones
        (Formula("A1&B1", "adal"), "adal"),
        (Formula("1+1", 2), "2"),
        (ErrorValue("#N/A"), ""),
        (" x ", "x"),
    ],
)
def test_cells_are_as_shown(value, text):
    """A formula is its value; an error is an empty cell."""
    found = sheet([*PERSON[:3], value, None])
    assert row_of(found, 0).person.login == (text or None)


def test_damage_is_warned_of():
    """A number of 16 digits is rounded, and a name that looks like a date has become one."""
    found = sheet([*PERSON[:3], 1_234_567_890_123_456, None], [date(2026, 3, 4), "B", "b@example.com", None, None])
    assert "line 2: login '1.23456789012346E+15' looks like a number that a spreadsheet has rounded" in found.warnings
    assert "line 3: first_name '2026-03-04' looks like a text that a spreadsheet has turned into" in found.warnings[1]


def test_a_boolean_is_no_name(tmp_path):
    """Nor is it one when `failed.csv` is run again."""
    found = sheet(["Ada", True, "ada@example.com", None, None])
    assert rejections(found) == {2: "last_name is of type boolean, not text"}
    write_failed(tmp_path / "failed.csv", found, {})
    assert list(rejections(read_roster(tmp_path / "failed.csv"))) == [2]


def test_merged_cells_make_rows_invalid(tmp_path):
    """Only the first of them has the value: the other people would miss the group."""
    rows = [[f"F{number}", "L", f"u{number}@example.com", None, "X" if number == 0 else None] for number in range(4)]
    found = sheet(*rows, merged=["E2:E4"])
    assert rejections(found) == dict.fromkeys((3, 4), "group is of type merged cell, not text")
    write_failed(tmp_path / "failed.csv", found, {})
    assert list(rejections(read_roster(tmp_path / "failed.csv"))) == [3, 4]


def test_merged_cells_elsewhere_do_no_harm():
    book = workbook(
        [[*NAMES, "Note"], [*PERSON, "both"], ["B", "B", "b@example.com", None, "X", None]], merged=["F2:F3"]
    )
    assert rejections(read_roster(io.BytesIO(book))) == {}


def test_a_header_further_down_is_reported():
    with pytest.raises(RosterError, match="the names of the columns are in row 3, and the rows above") as caught:
        read_roster(io.BytesIO(workbook([["Staff 2026", None], [None], NAMES, PERSON])))
    assert caught.value.line == 3


def test_a_table_may_begin_anywhere():
    """Empty rows above it and columns before it are skipped; merged cells are found all the same."""
    rows = [[None], [None], [None, *NAMES], [None, *PERSON], [None, "B", "B", "b@example.com", None, None]]
    found = read_roster(io.BytesIO(workbook(rows, merged=["F4:F5"])))
    assert (found.header, row_of(found, 0).line) == (tuple(NAMES), 4)
    assert rejections(found) == {5: "group is of type merged cell, not text"}


def test_a_sheet_without_a_header_is_told_so():
    with pytest.raises(RosterError, match="The line with the names of the columns is missing") as caught:
        read_roster(io.BytesIO(workbook([PERSON, PERSON])))
    assert caught.value.hint is None


def test_cells_beyond_the_header():
    """Blank ones are what formatting leaves behind; others are surplus."""
    found = sheet([*PERSON, " ", None], [*PERSON[:2], "b@example.com", None, None, None, "x"])
    assert list(rejections(found)) == [3]
    assert "the row has 7 cells and the header 5" in rejections(found)[3]


def test_the_first_sheet_is_read_and_others_named():
    found = sheet(PERSON, Leavers=[NAMES], Notes=[["x"]])
    assert found.warnings == ("The workbook also has the sheets 'Leavers', 'Notes'.",)
    chosen = [["Email", "First Name", "Last Name"], ["b@example.com", "B", "B"]]
    found = sheet(PERSON, options={"sheet": "New"}, New=chosen)
    assert row_of(found, 0).person.email == "b@example.com"
    assert RosterOptions(**found.settings).sheet == "New"


def test_a_sheet_without_rows_is_named():
    """The rows may be in another one."""
    with pytest.raises(RosterError, match=r"the sheet 'Sheet1' has no rows below .* also has the sheets 'People'"):
        sheet(People=[NAMES, PERSON])


def test_an_unknown_sheet_is_refused():
    with pytest.raises(RosterError, match="has no sheet 'Staf'") as caught:
        sheet(PERSON, options={"sheet": "Staf"}, Staff=[NAMES])
    assert caught.value.hint.choices == ("Sheet1", "Staff")
    with pytest.raises(RosterError, match="is not a workbook, so that it has no sheet 'Staff'"):
        roster(HEADER + ADA, sheet="Staff")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + b"\0" * 100, "is no workbook that can be read"),
        (workbook([NAMES, PERSON])[:900], "is no workbook that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is no workbook that can be read"),
        (workbook([]), "the sheet 'Sheet1' is empty"),
        (workbook([NAMES]), "no rows below the header"),
    ],
)
def test_damaged_workbooks_are_refused(content, words):
    with pytest.raises(RosterError, match=words):
        read_roster(io.BytesIO(content))


def test_another_archive_is_no_workbook():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("people.csv", HEADER + ADA)
    with pytest.raises(RosterError, match="is no workbook that can be read"):
        read_roster(io.BytesIO(buffer.getvalue()))


def test_a_bomb_is_refused():
    """Three gigabytes of blanks are three megabytes in an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/x.xml", "w") as member:
        for _ in range(3):
            member.write(b" " * 1000)
    data = bytearray(buffer.getvalue())
    at = data.rindex(b"PK\x01\x02") + 24  # its size in the directory of the archive
    data[at : at + 4] = (3 << 30).to_bytes(4, "little")
    with pytest.raises(RosterError, match=r"has 3,072 MiB when it is unpacked"):
        read_roster(io.BytesIO(bytes(data)))


@pytest.mark.parametrize(
    ("module", "content", "extra"),
    [("python_calamine", workbook([NAMES, PERSON]), "excel"), ("pyarrow", b"PAR1...", "parquet")],
)
def test_a_missing_extra_is_named(module, content, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RosterError, match=rf"pip install 'coggno\[{extra}\]'"):
        read_roster(io.BytesIO(content))


def test_extras_are_imported_late():
    """Reading CSV needs neither."""
    imported = []
    original = builtins.__import__

    def noting(name, *args, **options):
        imported.append(name)
        return original(name, *args, **options)

    module = importlib.import_module("coggno.provisioning.roster.input.excel_rows")
    builtins.__import__ = noting
    try:
        importlib.reload(module)
        roster(HEADER + ADA)
    finally:
        builtins.__import__ = original
    assert not {"python_calamine", "pyarrow"} & set(imported)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=8).map(str.strip)
CELLS = TEXT | st.integers(-(10**6), 10**6) | st.booleans() | st.none() | st.dates(date(1930, 1, 1), date(2060, 1, 1))


MAIL = st.sampled_from(["a@b.example", "c@d.example", "", "x"])


@given(rows=st.lists(st.tuples(TEXT, CELLS, MAIL, CELLS), min_size=1, max_size=6))
def test_failed_csv_of_a_workbook_reads_back(rows, tmp_path_factory):
    """With the same verdicts, and people."""
    book = workbook([["first name", "last name", "email", "group"], *rows])
    try:
        found = read_roster(io.BytesIO(book))
    except RosterError:
        assert not any(str(cell or "").strip() for row in rows for cell in row)
        return
    path = tmp_path_factory.mktemp("failed") / "failed.csv"
    assert write_failed(path, found, {}) == len(found.rows)
    again = read_roster(path)
    assert [row.rejection is None for row in again.rows] == [row.rejection is None for row in found.rows]
    sound = [row.line for row in found.rows if row.rejection is None]
    persons = [row.person for row in again.rows if row.rejection is None]
    assert persons == [row.person for row in found.rows if row.line in sound]


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_a_changed_workbook_is_one_or_an_error(noise, at):
    data = workbook([NAMES, PERSON])
    at %= len(data)
    changed = b"PK\x03\x04" + (data[:at] + noise + data[at + len(noise) :])[4:]
    try:
        read_roster(io.BytesIO(changed))
    except RosterError as error:
        assert str(error)


def test_csv_and_workbook_give_the_same_rows():
    rows = [NAMES, PERSON, ["B", "B", "b@example.com", 7, "X;Y"]]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    one, other = roster(text.getvalue()), read_roster(io.BytesIO(workbook(rows)))
    assert list(one.rows) == list(other.rows)
