"""`results.csv` is for people, `failed.csv` for machines; neither has a password, and both are whole or not there."""

import csv
import io
import os
import tempfile

import pytest

from coggno.provisioning import (
    RosterError,
    RosterOptions,
    RowOutcome,
    RowResult,
    check_writable,
    read_roster,
    write_failed,
    write_results,
)

TEXT = """first name,last name,email,password,note
Ada,=Lovelace,ada@example.com,s3cret-word,@x
Bob,B,bob@example.com,s3cret-word,
"""


def roster(text=TEXT, **options):
    return read_roster(io.BytesIO(text.encode()), RosterOptions(**options))


def results(outcome=RowOutcome.FAILED):
    return {
        2: RowResult(line=2, login="ada@example.com", outcome=RowOutcome.CREATED, user_id=7, inferred=True),
        3: RowResult(line=3, login="bob@example.com", outcome=outcome, detail="- no"),
    }


def table(path, encoding="utf-8", **options):
    return list(csv.reader(io.StringIO(path.read_text(encoding=encoding), newline=""), strict=True, **options))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.csv"


def test_results_have_every_row_in_order_and_no_password_and_no_formula(path):
    write_results(path, roster(), results())
    assert table(path) == [
        ["line", "outcome", "inferred", "user_id", "detail", "first name", "last name", "email", "note"],
        ["2", "created", "yes", "7", "", "Ada", "'=Lovelace", "ada@example.com", "'@x"],
        ["3", "failed", "", "", "'- no", "Bob", "B", "bob@example.com", ""],
    ]
    assert "s3cret" not in path.read_text()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_a_formula_not_even_in_the_header(path, start):
    people = read_roster([{"email": "a@b.example", "first_name": start + "x", "last_name": "B", start + "h": start}])
    write_results(path, people, {})
    for cell in (cell for row in table(path) for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_columns_of_the_roster_with_our_names_are_told_apart(path):
    write_results(path, roster("email,first name,last name,line\na@b.example,A,B,x\n"), {})
    assert table(path)[0][-1] == "line (roster)"


def test_a_row_without_a_result_is_unknown_so_that_every_row_is_there(path):
    write_results(path, roster(), {})
    assert [row[1] for row in table(path)[1:]] == ["unknown", "unknown"]


def test_failed_rows_are_raw_have_all_columns_and_the_file_goes_when_none_is_left(path):
    assert write_failed(path, roster(), {}) == 2
    assert table(path)[:2] == [
        ["first name", "last name", "email", "password", "note"],
        ["Ada", "=Lovelace", "ada@example.com", "", "@x"],
    ]
    assert write_failed(path, roster(), results()) == 1
    assert "s3cret" not in path.read_text()
    assert write_failed(path, roster(), results(RowOutcome.EXISTS)) == 0
    assert not path.exists()
    assert write_failed(path, roster(), results(RowOutcome.EXISTS)) == 0


@pytest.mark.parametrize(("separator", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), ("#", "utf-8")])
def test_failed_rows_are_read_with_the_options_of_the_roster(path, separator, encoding):
    text = "email,first name,last name,password\na@b.example,Jürgen,Größe,s3cret-word\n".replace(",", separator)
    options = {"delimiter": separator, "encoding": encoding}
    before = read_roster(io.BytesIO(text.encode(encoding)), RosterOptions(**options))
    write_failed(path, before, {})
    after = read_roster(path, RosterOptions(**options))
    assert [row.cells for row in after.rows] == [row.cells for row in before.rows]
    assert [row.person.first_name for row in after.rows] == ["Jürgen"]


def test_what_no_encoding_can_write_does_not_cost_the_other_rows(path):
    people = read_roster([{"email": "a@b.example", "first_name": "A", "last_name": "B", "note": "\ud800"}])
    write_results(path, people, {})
    assert table(path)[1][-1] == r"\ud800"
    assert write_failed(path, people, {}) == 1


@pytest.mark.parametrize("write", [write_results, write_failed])
def test_a_full_disk_is_a_typed_error_and_leaves_the_old_file(path, write, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RosterError, match="cannot be written: No space left on device"):
        write(path, roster(), {})
    assert [file.name for file in path.parent.iterdir()] == ["out.csv"]
    assert path.read_text() == "old"


def test_an_interruption_leaves_the_old_file_and_no_other(path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    path.write_text("old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_results(path, roster(), {})
    assert [file.name for file in path.parent.iterdir()] == ["out.csv"]


def test_a_file_that_cannot_be_written_is_noticed_before(tmp_path, monkeypatch):
    check_writable(tmp_path / "new.csv")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RosterError, match="directory"):
        check_writable(tmp_path)
    with pytest.raises(RosterError, match="cannot be written: No such file"):
        check_writable(tmp_path / "no" / "such")

    with pytest.raises(RosterError, match="not a regular file"):
        check_writable(os.devnull)
    with pytest.raises(RosterError, match="too long"):
        check_writable(tmp_path / ("x" * 250 + ".csv"))

    def read_only(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", read_only)
    with pytest.raises(RosterError, match="Read-only"):
        check_writable(tmp_path / "new.csv")


def test_a_failed_file_that_cannot_go_is_a_typed_error(tmp_path):
    with pytest.raises(RosterError, match="cannot be removed"):
        write_failed(tmp_path, roster(), results(RowOutcome.EXISTS))
