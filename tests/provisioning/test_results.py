"""`results.csv` is for people, `failed.csv` for machines; neither has a password, and both are whole or not there."""

import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coggno.provisioning.results as results_module
from coggno.provisioning import (
    RosterError,
    RosterOptions,
    RowOutcome,
    RowResult,
    are_results_of,
    check_writable,
    holds_results,
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


def test_results_have_every_row_in_order(path):
    """Without passwords and formulas."""
    write_results(path, roster(), results())
    ours = ["line", "outcome", "login", "inferred", "user_id", "detail", "roster"]
    assert table(path) == [
        [*ours, "first name", "last name", "email", "note"],
        ["2", "created", "ada@example.com", "yes", "7", "", "roster", "Ada", "'=Lovelace", "ada@example.com", "'@x"],
        ["3", "failed", "bob@example.com", "", "", "'- no", "roster", "Bob", "B", "bob@example.com", ""],
    ]
    assert "s3cret" not in path.read_text()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b"])
def test_no_cell_begins_a_formula(path, start):
    """Not even in the header."""
    people = read_roster([{"email": "a@b.example", "first_name": start + "x", "last_name": "B", start + "h": start}])
    write_results(path, people, {})
    for cell in (cell for row in table(path) for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b"))


def test_columns_with_our_names_are_marked(path):
    write_results(path, roster("email,first name,last name,line,Outcome\na@b.example,A,B,x,y\n"), {})
    assert table(path)[0][-2:] == ["line (roster)", "Outcome (roster)"]


def test_results_tell_whose_they_are(path):
    write_results(path, roster(), {})
    assert are_results_of(path, "roster")
    assert not are_results_of(path, "april.csv")


def test_results_of_a_formula_name_are_recognized(path, tmp_path):
    """The name of a file may begin like a formula, too."""
    source = tmp_path / "=1.csv"
    source.write_text(TEXT)
    with contextlib.chdir(tmp_path):
        write_results(path, read_roster("=1.csv"), {})
        assert are_results_of(path, "=1.csv")


def test_a_row_without_a_result_is_unknown(path):
    """So that every row is in the file."""
    write_results(path, roster(), {})
    assert [row[1] for row in table(path)[1:]] == ["unknown", "unknown"]


def test_failed_rows_are_raw(path):
    """They have all columns; the file is removed when no row is left."""
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
def test_failed_rows_keep_delimiter_and_encoding(path, separator, encoding):
    text = "email,first name,last name,password\na@b.example,Jürgen,Größe,s3cret-word\n".replace(",", separator)
    options = {"delimiter": separator, "encoding": encoding}
    before = read_roster(io.BytesIO(text.encode(encoding)), RosterOptions(**options))
    write_failed(path, before, {})
    after = read_roster(path, RosterOptions(**options))
    assert [row.cells for row in after.rows] == [row.cells for row in before.rows]
    assert [row.person.first_name for row in after.rows] == ["Jürgen"]


def test_surrogates_do_not_cost_the_other_rows(path):
    people = read_roster([{"email": "a@b.example", "first_name": "A", "last_name": "B", "note": "\ud800"}])
    write_results(path, people, {})
    assert table(path)[1][-1] == r"\ud800"
    assert write_failed(path, people, {}) == 1


@pytest.mark.parametrize("write", [write_results, write_failed])
def test_a_full_disk_leaves_the_old_file(path, write, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RosterError, match="cannot be written: No space left on device"):
        write(path, roster(), {})
    assert [file.name for file in path.parent.iterdir()] == ["out.csv"]
    assert path.read_text() == "old"


def test_an_interruption_leaves_no_other_file(path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    path.write_text("old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_results(path, roster(), {})
    assert [file.name for file in path.parent.iterdir()] == ["out.csv"]


def test_an_unwritable_file_is_noticed_before(tmp_path, monkeypatch):
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


def test_a_file_that_cannot_be_removed_is_an_error(tmp_path):
    with pytest.raises(RosterError, match="cannot be removed"):
        write_failed(tmp_path, roster(), results(RowOutcome.EXISTS))


# Verdicts of failed.csv


def again(path, found, **options):
    write_failed(path, found, {})
    return read_roster(path, RosterOptions(**options))


def verdicts(found):
    return [row.rejection and row.rejection.outcome.value for row in found.rows]


def test_an_unquoted_comma_stays_in_failed_csv(path):
    """Without the surplus cell the person would be put into the wrong group."""
    found = roster("first name,last name,email,group\nAda,L,ada@example.com,Sales, EMEA\nBob,B,bob@example.com,X\n")
    assert verdicts(found) == ["invalid", None]
    assert "5 cells and the header 4: is a cell with a comma not quoted?" in next(iter(found.rows)).rejection.detail
    once = again(path, found)
    assert table(path)[1] == ["Ada", "L", "ada@example.com", "Sales", " EMEA"]
    assert verdicts(once) == verdicts(again(path, once)) == ["invalid", None]


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ("a@b.example,A,B,s3cret-word,Sales, EMEA", ["a@b.example", "A", "B", "", "", " EMEA"]),
        ("a@b.example,A,Bee, PhD,s3cret-word,X", ["a@b.example", "A", "Bee", "", "", "X"]),
        ("a@b.example,s3cret-word", ["", ""]),
        ("s3cret-word,X", ["", ""]),
    ],
)
def test_uneven_rows_keep_all_but_passwords(path, row, kept):
    """Where the password can have moved to is left out; the rest is there, and the row is invalid again."""
    found = roster(f"email,first name,last name,password,group\n{row}\n")
    assert verdicts(found) == ["invalid"]
    once = again(path, found)
    assert table(path)[1] == (kept if any(kept) else ["(not shown)", ""])
    assert verdicts(once) == ["invalid"]
    assert "s3cret" not in path.read_text()


CELLS = st.sampled_from(["Ada", "", "a@b.example", "c@d.example", "X;Y", '{"a": 1}', "=1", "\u200b", "12345", " "])


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=7), min_size=1, max_size=6))
def test_failed_csv_gives_the_same_verdicts(rows, tmp_path_factory):
    """Whatever the cells are, and however many of them: a row that was refused is refused again."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("email", "first name", "last name", "group", "note"), *rows])
    try:
        found = roster(buffer.getvalue())
    except RosterError:
        return
    path = tmp_path_factory.mktemp("failed") / "failed.csv"
    assert verdicts(again(path, found)) == verdicts(found)


# Files for people


def test_all_cells_for_people_are_quoted(path):
    """Where the list separator is a semicolon, an unquoted `x;=1+1` would be two cells, one of them a formula."""
    found = read_roster([{"email": "a@b.example", "first_name": "x;=1+1", "last_name": "B"}])
    write_results(path, found, {})
    assert '"x;=1+1"' in path.read_text()
    assert holds_results(path)
    assert all(cell.startswith('"') and cell.endswith('"') for cell in path.read_text().splitlines()[0].split(","))


# Interruptions


class Interruption:
    """Raises KeyboardInterrupt at the n-th of the calls that it stands in for."""

    def __init__(self, at):
        self.left = at

    def __call__(self, function):
        def interrupted(*arguments, **options):
            if self.left == 0:
                self.left -= 1
                raise KeyboardInterrupt
            self.left -= 1
            return function(*arguments, **options)

        return interrupted


@pytest.mark.parametrize("at", range(6))
def test_an_interruption_leaves_a_whole_file(path, at, monkeypatch):
    """Ctrl-C at any step leaves the old file or the new one, and nothing beside it."""
    write_results(path, roster(), {})
    old = path.read_bytes()
    interruption = Interruption(at)
    monkeypatch.setattr(os, "fsync", interruption(os.fsync))
    monkeypatch.setattr(Path, "replace", interruption(Path.replace))
    monkeypatch.setattr("coggno.provisioning.results.harmless", interruption(results_module.harmless))
    try:
        write_results(path, roster(), results())
    except KeyboardInterrupt:
        pass
    monkeypatch.undo()
    new = path.parent / "new.csv"
    write_results(new, roster(), results())
    assert path.read_bytes() in {old, new.read_bytes()}
    assert sorted(file.name for file in path.parent.iterdir()) == ["new.csv", "out.csv"]


@pytest.mark.parametrize("cut", ["fsync", "replace"])
def test_a_killed_process_leaves_a_whole_file(path, cut):
    """SIGKILL cannot be caught: the file that was there is still whole."""
    path.write_text("old")
    program = f"""
import os, signal, sys, pathlib
from coggno.provisioning import read_roster, write_results
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
{"os.fsync" if cut == "fsync" else "pathlib.Path.replace"} = kill
roster = read_roster([{{"email": "a@b.example", "first_name": "A", "last_name": "B"}}])
write_results(sys.argv[1], roster, {{}})
"""
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
