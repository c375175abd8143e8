"""Reading and checking a roster: every trap is named with its line, and nothing is guessed."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.provisioning import Outcome, RosterError, read_roster, write_failed

HEADER = "First Name,Last Name,Email,Password,Group\n"
ADA = "Ada,Lovelace,ada@example.com,s3cret-word,Warehouse\n"
EXAMPLE = Path(__file__).parents[2] / "examples" / "roster.csv"


def roster(text, **options):
    return read_roster(io.BytesIO(text.encode()), **options)


def only(text, **options):
    (row,) = roster(text, **options).rows
    return row


@pytest.mark.parametrize(
    "header",
    [
        "first_name,last_name,email,password,group",
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],groups",
        "given name,family-name,E-Mail,PASSWORD,Group",
        "firstname,lastname,mail,password,cohort1",
        "\ufeffFirstName,LastName,email,password,GROUPS",
    ],
)
def test_columns_are_found_however_they_are_spelt(header):
    person = only(f"{header}\nAda,Lovelace,ada@example.com,s3cret-word,Warehouse\n").person
    assert (person.first_name, person.last_name, person.email, person.groups) == (
        "Ada",
        "Lovelace",
        "ada@example.com",
        ("Warehouse",),
    )


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_the_delimiter_is_found_and_told(delimiter, name):
    found = roster((HEADER + ADA).replace(",", delimiter))
    assert (found.delimiter, found.rows[0].person.last_name) == (name, "Lovelace")


def test_groups_are_split_united_and_kept_in_order():
    text = "email,first name,last name,password,group,cohort1,cohort2\na@b.example,A,B,s3cret-word,X; Y|Z,Y,W\n"
    assert only(text, group="All").person.groups == ("X", "Y", "Z", "W", "All")


def test_other_names_are_mapped_and_unused_columns_are_named_once():
    text = "Who,Sur,Work_Mail,Job\nAda,Lovelace,ada@example.com,Boss\n"
    mapping = {"first_name": "Who", "last_name": "sur", "email": "Work_Mail"}
    found = roster(text, mapping=mapping, needs_password=False)
    assert (found.unused, found.columns) == (("Job",), ("Who", "Sur", "Work_Mail", "Job"))


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, "empty"),
        ("\n\n", {}, "empty"),
        (HEADER, {}, "no rows"),
        ("email\na@b.example\n", {}, "only one column"),
        ("first name,last name\nA,B\n", {}, "no column for email.*--map email=COLUMN"),
        ("email,mail,first name,last name\n", {}, "could both be email"),
        (HEADER + ADA, {"mapping": {"emial": "Email"}}, "no such field, did you mean 'email'"),
        (HEADER + ADA, {"mapping": {"email": "Emial"}}, "no such column, did you mean 'Email'"),
        (HEADER + 'Ada,"Lovelace,ada\n', {}, "line 2"),
        (HEADER + ADA, {"encoding": "klingon"}, "no encoding"),
        ('{"email": 1}\n[]', {}, "line 2: not a JSON object"),
        ('{"email": {"a": 1}, "first_name": "A", "last_name": "B"}', {}, "a cell holds a dict"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(text, options, words):
    with pytest.raises(RosterError, match=words):
        roster(text, **options)


def test_what_is_not_utf8_names_the_line_and_other_encodings_are_read_when_asked_for():
    content = (HEADER + ADA + "Jürgen,Müller,j@example.com,s3cret-word,\n").encode("cp1252")
    with pytest.raises(RosterError, match="line 3: not UTF-8"):
        read_roster(io.BytesIO(content))
    assert read_roster(io.BytesIO(content), encoding="cp1252").rows[1].person.first_name == "Jürgen"
    with pytest.raises(RosterError, match="NUL"):
        read_roster(io.BytesIO((HEADER + ADA).encode("utf-16")))
    assert len(read_roster(io.BytesIO((HEADER + ADA).encode("utf-16")), encoding="utf-16").rows) == 1


def test_a_path_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(RosterError, match="directory"):
        read_roster(tmp_path)
    with pytest.raises(RosterError, match="cannot be read"):
        read_roster(tmp_path / "missing.csv")
    with pytest.raises(RosterError, match="cannot be read"):
        read_roster("a\0b")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Ada,Lovelace,,s3cret-word,", "email is empty"),
        ("Ada,Lovelace,ada.example.com,s3cret-word,", "email is not an address"),
        ("Ada,Lovelace,a b@example.com,s3cret-word,", "email is not an address"),
        (",Lovelace,ada@example.com,s3cret-word,", "first_name is empty"),
        ("Ada,Lovelace,ada@example.com,12345,", "6 to 40 characters, has 5"),
        (f"Ada,Lovelace,ada@example.com,{'x' * 41},", "has 41"),
        ("Ada,Lovelace,ada@example.com,,", "password is missing"),
        ("Ada,Lovelace,a\u200bda@example.com,s3cret-word,", "invisible"),
        ("Ada,Lovelace,ada\u00a0@example.com,s3cret-word,", "not an address"),
        ("A\x07da,Lovelace,ada@example.com,s3cret-word,", "control character"),
        ("Ada,Lovelace,ada@example.com,s3cret-word,,,", "cells"),
        (",,x,1,", "first_name is empty; last_name is empty; email is not an address; password must"),
    ],
)
def test_a_wrong_row_is_invalid_with_all_its_problems_and_no_password(row, words):
    verdict = only(HEADER + row + "\n").verdict
    assert verdict.outcome is Outcome.INVALID
    assert verdict.line == 2
    assert words.split(";")[0] in verdict.detail
    for part in words.split("; "):
        assert part in verdict.detail
    assert "s3cret" not in repr(verdict)


def test_a_good_row_beside_wrong_ones_goes_ahead():
    found = roster(HEADER + "x,,,,\n" + ADA)
    assert [row.line for row in found.people] == [3]


def test_rows_that_say_the_same_are_merged_and_their_groups_united():
    found = roster(HEADER + ADA + "Ada,Lovelace, ADA@example.com ,s3cret-word,Office\n")
    first, second = found.rows
    assert first.person.groups == ("Warehouse", "Office")
    assert second.repeats is first
    assert [row.line for row in found.people] == [2]


def test_rows_that_contradict_each_other_are_all_refused_with_their_lines():
    found = roster(HEADER + ADA + ADA.replace("Ada,", "Adam,") + ADA)
    assert [row.verdict.outcome for row in found.rows] == [Outcome.REFUSED] * 3
    assert "lines 2, 3, 4 have one login and differ in first_name" in found.rows[1].verdict.detail
    differing = roster(HEADER + ADA + ADA.replace("s3cret-word", "other-word"))
    assert "password" in differing.rows[0].verdict.detail
    assert "word" not in differing.rows[0].verdict.detail.replace("password", "")


def test_what_a_spreadsheet_has_damaged_is_warned_of_and_sent_as_it_stands():
    found = roster("email,first name,last name,login\na@b.example,A,B,1.23E+11\n", needs_password=False)
    assert found.rows[0].person.login == "1.23E+11"
    assert "line 2" in found.warnings[0]


def test_json_lines_and_mappings_are_rosters_too():
    rows = [
        {"email": "a@b.example", "first_name": "A", "last_name": "B", "password": "s3cret-word", "groups": ["X", "Y"]}
    ]
    for found in (read_roster(rows), roster("\n".join(map(json.dumps, rows)))):
        assert found.rows[0].person.groups == ("X", "Y")
        assert found.rows[0].line == 1
    with pytest.raises(RosterError, match="row 2: a int"):
        read_roster([rows[0], 5])


def test_the_password_column_is_not_kept():
    found = roster(HEADER + ADA)
    assert "Password" not in found.columns
    assert "s3cret" not in repr(found)


def test_line_numbers_are_those_of_the_file_with_quoted_line_breaks_and_blank_lines():
    found = roster(HEADER + '"Ada\nAugusta",Lovelace,ada@example.com,s3cret-word,X\n\n' + ADA)
    assert [row.line for row in found.rows] == [2, 5]


CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@given(rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=8))
def test_any_text_gives_every_row_one_place_and_failed_csv_reads_back(rows, tmp_path_factory):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["first name", "last name", "email", "note"])
    writer.writerows(rows)
    try:
        found = roster(buffer.getvalue(), delimiter=",", needs_password=False)
    except RosterError:
        return
    ended = [row for row in found.rows if row.verdict is not None]
    merged = [row for row in found.rows if row.verdict is None and row.repeats is not None]
    assert len(ended) + len(merged) + len(list(found.people)) == len(found.rows)
    path = tmp_path_factory.mktemp("failed") / "failed.csv"
    write_failed(path, found, {})
    again = read_roster(path, delimiter=",", needs_password=False)
    assert [row.cells for row in again.rows] == [row.cells for row in found.rows]
    assert [row.verdict is None for row in again.rows] == [row.verdict is None for row in found.rows]


def test_the_example_roster_has_what_it_promises():
    found = read_roster(EXAMPLE, needs_password=False)
    outcomes = [row.verdict.outcome for row in found.rows if row.verdict]
    assert len(found.rows) == 197
    assert (outcomes.count(Outcome.INVALID), outcomes.count(Outcome.REFUSED)) == (4, 2)
    assert sum(row.repeats is not None for row in found.rows) == 3
    assert len({name for row in found.people for name in row.person.groups}) == 9
