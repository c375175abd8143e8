"""Rows are checked and compared: every trap is named with its line, and nothing is guessed."""

import csv
import io
import json
import tempfile
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.provisioning import (
    RosterError,
    RosterOptions,
    RowOutcome,
    RowResult,
    read_roster,
    write_failed,
    write_results,
)
from tests.helpers.hr_export import GROUP_COLUMN, UNUSED_COLUMNS, make_hr_export
from tests.provisioning.helpers import ADA, EXAMPLE, HEADER, only, roster, row_of


def test_a_row_becomes_a_person():
    person = only(HEADER + ADA).person
    assert (person.first_name, person.last_name, person.email) == ("Ada", "Lovelace", "ada@example.com")
    assert (person.login, person.effective_login, person.password) == (None, "ada@example.com", "s3cret-word")


def test_groups_are_split_united_and_kept_in_order():
    text = "email,first name,last name,password,group,cohort1,cohort2\na@b.example,A,B,s3cret-word,X; Y|Z,Y,W\n"
    assert only(text, groups="All").person.groups == ("X", "Y", "Z", "W", "All")


def test_a_group_keeps_its_first_spelling():
    """Other spellings are treated as the first one, with a warning."""
    found = roster(HEADER + ADA + "B,B,b@example.com,s3cret-word,WAREHOUSE ;Office\n", groups="office")
    assert [row.person.groups for row in found.rows] == [("Warehouse", "office"), ("Warehouse", "office")]
    assert found.warnings == (
        "line 3: group 'WAREHOUSE' is treated as 'Warehouse'",
        "line 3: group 'Office' is treated as 'office'",
    )


def test_several_groups_for_all_add_up():
    assert only(HEADER + ADA, groups=["All", "warehouse", "Staff"]).person.groups == ("Warehouse", "All", "Staff")


def test_a_row_may_name_its_company():
    """By id or name; a login in two companies is a contradiction, since logins are unique in all of Coggno."""
    header = "first name,last name,email,Company\n"
    found = roster(header + "A,B,a@b.example, 12 \nA,B,c@d.example,Acme\nA,B,e@f.example,\nA,B,c@d.example,Other\n")
    assert [row.person.company for row in found.rows] == ["12", "Acme", None, "Other"]
    assert [row.rejection is None for row in found.rows] == [True, False, True, False]
    assert "lines 3, 5 have the same login but differ in company" in row_of(found, 1).rejection.detail
    one, other = (roster(header + f"A,B,a@b.example,{company}\n") for company in (1, 2))
    assert row_of(one, 0).digest != row_of(other, 0).digest


def test_settings_read_the_same_roster_again(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("Who,Sur,Work_Mail\nAda,Lovelace,ada@example.com\n", encoding="utf-16")
    mapping = {"first_name": "Who", "last_name": "Sur", "email": "Work_Mail"}
    found = read_roster(path, RosterOptions(mapping=mapping, groups=["All"], encoding="utf-16"))
    again = read_roster(found.path, RosterOptions(**json.loads(json.dumps(found.settings))))
    assert (again.digest, list(again.rows)) == (found.digest, list(found.rows))
    assert found.path == path
    assert roster(HEADER + ADA).path is None


def test_a_group_for_all_needs_a_name():
    assert only(HEADER + ADA, groups=" All ").person.groups == ("Warehouse", "All")
    with pytest.raises(RosterError, match="empty name"):
        roster(HEADER + ADA, groups=" ")


def test_columns_are_mapped():
    """Columns that no field is read from are listed."""
    text = "Who,Sur,Work_Mail,Job\nAda,Lovelace,ada@example.com,Boss\n"
    found = roster(text, mapping={"first_name": "Who", "last_name": "sur", "email": "Work_Mail"})
    assert (found.unused, found.columns, found.delimiter_name) == (
        ("Job",),
        ("Who", "Sur", "Work_Mail", "Job"),
        "comma",
    )


def test_a_header_without_rows_is_refused():
    with pytest.raises(RosterError, match="no rows below the header"):
        roster(HEADER)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Ada,Lovelace,,s3cret-word,", "email is missing"),
        ("Ada,Lovelace,ada.example.com,s3cret-word,", "email is not a valid address"),
        ("Ada,Lovelace,ada@example.com,12345,", "6 to 40 characters, and has 5"),
        ("Ada,Lovelace,ada@example.com,,", "password is missing"),
        ("Ada,Lovelace,a\u200bda@example.com,s3cret-word,", "invisible"),
        ("Ada,Lovelace,ada@example.com,s3cret-word,,,", "the row has 7 cells and the header 5"),
        (",,x,1,", "first_name is missing; last_name is missing; email is not a valid address; password must"),
    ],
)
def test_a_wrong_row_is_invalid(row, words):
    """With all its problems, and without its password."""
    verdict = only(HEADER + row + "\n", needs_password=True).rejection
    assert (verdict.outcome, verdict.line) == (RowOutcome.INVALID, 2)
    assert words in verdict.detail
    assert "s3cret" not in repr(verdict)


def test_a_good_row_beside_wrong_ones_goes_ahead():
    found = roster(HEADER + "x,,,,\n" + ADA)
    assert [row.line for row in found.accepted] == [3]


def test_a_missing_password_is_left_to_the_run():
    """Unless `needs_password` is set."""
    assert only(HEADER + "Ada,Lovelace,ada@example.com,,\n").rejection is None


@pytest.mark.parametrize(
    "row",
    ["Ada,Love,lace,s3cret-word,ada@example.com", "Ada Lovelace,s3cret-word,ada@example.com", "Ada,s3cret-word"],
)
def test_a_shifted_row_shows_no_password(row, tmp_path):
    """With a cell too many or too few the password may be in another column."""
    found = roster(f"first name,last name,password,email\n{row}\n")
    (verdict,) = found.rejections()
    write_results(tmp_path / "results.csv", found, {2: verdict})
    write_failed(tmp_path / "failed.csv", found, {2: verdict})
    assert verdict.outcome is RowOutcome.INVALID
    assert "not shown" in verdict.detail
    text = repr(found) + repr(verdict) + "".join(path.read_text() for path in tmp_path.iterdir())
    assert "s3cret" not in text


def test_missing_last_cells_are_empty():
    """Spreadsheets leave them out; there is a warning."""
    found = roster(HEADER + "Ada,Lovelace,ada@example.com,s3cret-word\n")
    assert row_of(found, 0).rejection is None
    assert "line 2: the row has 4 cells and the header 5" in found.warnings[0]


@pytest.mark.parametrize(
    "second",
    [
        "Ada,Lovelace, ADA@example.com ,s3cret-word,Office",
        "Ada,Lovelace,ada@example.com,s3cret-word,office;Warehouse",
        unicodedata.normalize("NFD", "Ada,Lovelace,ada@example.com,s3cret-word,Office"),
    ],
)
def test_equal_rows_are_merged(second):
    """Their groups are united."""
    found = roster(HEADER + ADA + second + "\n")
    first, repeated = found.rows
    assert [name.casefold() for name in first.person.groups] == ["warehouse", "office"]
    assert repeated.merged_into == first.line == 2
    assert [row.line for row in found.accepted] == [2]


def test_encoding_of_accents_makes_no_difference():
    """Nor does an address that is also given as the login."""
    header = "first name,last name,email,login\n"
    found = roster(
        header + "José,B,a@b.example,\n" + unicodedata.normalize("NFD", "José") + ",B,a@b.example,A@b.example\n"
    )
    assert row_of(found, 1).merged_into == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [(("Ada,", "Adam,"), "first_name"), (("Lovelace", "King"), "last_name"), (("s3cret", "other"), "password")],
)
def test_contradicting_rows_are_all_refused(change, field):
    """With the lines of all of them."""
    found = roster(HEADER + ADA + ADA.replace(*change) + ADA)
    assert [row.rejection.outcome for row in found.rows] == [RowOutcome.REFUSED] * 3
    assert row_of(found, 1).rejection.detail == f"lines 2, 3, 4 have the same login but differ in {field}"


def test_an_invalid_row_may_contradict_a_good_one():
    """What it leaves empty contradicts nothing."""
    found = roster(HEADER + ADA + "Adam,Lovelace,ada@example.com,12345,\n")
    assert [row.rejection.outcome for row in found.rows] == [RowOutcome.REFUSED, RowOutcome.INVALID]
    assert "lines 2, 3 have the same login but differ in first_name, password" in row_of(found, 0).rejection.detail
    found = roster(HEADER + ADA + ",Lovelace,ada@example.com,,\n")
    assert [row.rejection and row.rejection.outcome for row in found.rows] == [None, RowOutcome.INVALID]


def test_one_login_with_two_addresses_contradicts():
    found = roster("first name,last name,email,login\nA,B,a@b.example,ab\nA,B,c@d.example,AB\n")
    assert "differ in email" in row_of(found, 0).rejection.detail


def test_damage_by_spreadsheets_is_warned_of():
    """It is sent as it is."""
    found = roster("email,first name,last name,login\na@b.example,A,B,1.23E+11\n")
    assert row_of(found, 0).person.login == "1.23E+11"
    assert "line 2" in found.warnings[0]


def test_a_no_break_space_at_the_edge_is_removed():
    """With a warning, as nobody sees it."""
    found = roster(HEADER + "Ada\u00a0,Lovelace,\u00a0ada@example.com,s3cret-word,\n")
    assert row_of(found, 0).person.email == "ada@example.com"
    assert "email begins or ends with a no-break space" in found.warnings[0]


def test_numeric_logins_are_warned_of_once():
    rows = "".join(f"A,B,a{n}@b.example,{n}\n" for n in range(5))
    (warning,) = roster("first name,last name,email,login\n" + rows).warnings
    assert "line 2: login '0' is a number" in warning


def test_many_warnings_are_counted():
    rows = "".join(f"45291,B,a{n}@b.example\n" for n in range(30))
    found = roster("first name,last name,email\n" + rows)
    assert len(found.warnings) == 21
    assert found.warnings[-1] == "and 10 more warnings"


def test_json_lines_and_mappings_are_rosters_too():
    rows = [
        {"email": "a@b.example", "first_name": "A", "last_name": "B", "password": "s3cret-word", "groups": ["X", "Y"]}
    ]
    for found in (read_roster(rows), roster("\n".join(map(json.dumps, rows)))):
        assert (row_of(found, 0).person.groups, row_of(found, 0).line, found.delimiter_name) == (("X", "Y"), 1, None)


def test_other_values_than_text_are_invalid():
    """In unused columns they do no harm."""
    good = {"email": "a@b.example", "first_name": "A", "last_name": "B", "active": True, "address": {"city": "X"}}
    found = read_roster([good, {**good, "first_name": True, "email": ["c@d.example"], "group": {"x": 1}}])
    assert row_of(found, 0).rejection is None
    assert row_of(found, 0).cells[3:5] == ("true", '{"city": "X"}')
    detail = row_of(found, 1).rejection.detail
    assert "first_name is of type boolean, not text" in detail
    assert "email is of type list, not text" in detail
    assert "group is of type object, not text" in detail


def test_the_password_column_is_not_kept_and_not_shown():
    found = roster(HEADER + ADA)
    assert "Password" not in found.columns
    assert "s3cret" not in repr(found)


def test_an_upload_without_a_name_is_a_roster():
    """Frameworks pass uploads as temporary files, whose name is None or a number."""
    with tempfile.SpooledTemporaryFile() as upload:
        upload.write(b"Email\na@example.com\n")
        upload.seek(0)
        with pytest.raises(RosterError, match="^roster, line 1"):
            read_roster(upload)


def test_line_numbers_are_those_of_the_file():
    """Quoted line breaks and blank lines included."""
    found = roster(HEADER + '"Ada\nAugusta",Lovelace,ada@example.com,s3cret-word,X\n\n' + ADA)
    assert [row.line for row in found.rows] == [2, 5]


def check_every_row_has_one_place(found):
    ended = [row for row in found.rows if row.rejection is not None]
    merged = [row for row in found.rows if row.rejection is None and row.merged_into is not None]
    assert len(ended) + len(merged) + len(list(found.accepted)) == len(found.rows)
    rejected = {row.line for row in ended}
    assert all(row.merged_into < row.line and row.merged_into not in rejected for row in merged)
    assert len({row.person.key for row in found.accepted}) == len(list(found.accepted))


CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
NAME = st.sampled_from(["Ada", "ADA", "Bob", "", "\u200b", "=1+1", "'", "a;b", "x,y", '"'])
MAIL = st.sampled_from(["a@b.example", "A@B.example ", "c@d.example", "nobody", "", "a\u200b@b.example"])
ROWS = st.lists(st.tuples(CELL, CELL, CELL, CELL) | st.tuples(NAME, NAME, MAIL, CELL), min_size=1, max_size=8)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@given(rows=ROWS)
def test_failed_csv_reads_back(rows, separator, tmp_path_factory):
    """Whatever the cells are, with any delimiter."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator).writerows([("first name", "last name", "email", "no;te"), *rows])
    options = {"delimiter": separator}
    try:
        found = roster(buffer.getvalue(), **options)
    except RosterError:
        assert not any(cell.strip() for row in rows for cell in row)
        return
    check_every_row_has_one_place(found)
    path = tmp_path_factory.mktemp("failed") / "failed.csv"
    assert write_failed(path, found, {}) == len(found.rows)
    again = read_roster(path, RosterOptions(**options))
    assert (again.header, again.delimiter) == (found.header, found.delimiter)
    assert [row.cells for row in again.rows] == [row.cells for row in found.rows]
    assert [row.person for row in again.rows] == [row.person for row in found.rows]
    assert [row.rejection is None for row in again.rows] == [row.rejection is None for row in found.rows]


@given(st.text(max_size=300))
def test_any_text_is_a_roster_or_an_error(text):
    try:
        found = roster("email,first name,last name,password,group\n" + text.encode("utf-8", "replace").decode())
    except RosterError as error:
        assert str(error)
        return
    check_every_row_has_one_place(found)


def test_the_example_roster_is_as_described():
    found = read_roster(EXAMPLE)
    outcomes = [row.rejection.outcome for row in found.rows if row.rejection]
    assert len(found.rows) == 200
    assert (outcomes.count(RowOutcome.INVALID), outcomes.count(RowOutcome.REFUSED)) == (5, 2)
    assert sum(row.merged_into is not None for row in found.rows) == 3
    assert len({name for row in found.accepted for name in row.person.groups}) == 9
    assert found.warnings == ()
    assert all(
        row.person.email.rpartition("@")[2].casefold() in {"", "example.com", "example.org", "example.net"}
        or row.rejection
        for row in found.rows
    )


def test_an_hr_export_is_read_and_checked():
    """Every row of a generated export ends as the generator meant it."""
    export = make_hr_export(10_000)
    found = roster(export.text, mapping={"group": GROUP_COLUMN})
    counts = Counter(result.outcome for result in found.rejections())
    assert counts == {RowOutcome.INVALID: export.invalid, RowOutcome.REFUSED: export.conflicts}
    assert (len(found.rows), len(list(found.accepted))) == (export.rows, export.people)
    assert sum(row.merged_into is not None for row in found.rows) == export.duplicates
    assert {name for row in found.accepted for name in row.person.groups} == export.groups
    assert found.unused == UNUSED_COLUMNS


def test_a_result_of_a_row_carries_its_login():
    row = only(HEADER + ADA)
    assert row.result(RowOutcome.CREATED, user_id=7) == RowResult(
        line=2, login="ada@example.com", outcome=RowOutcome.CREATED, user_id=7
    )
