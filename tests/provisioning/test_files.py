"""The files of a run: passwords for their owner only, results for people, failed rows to run again."""

import csv
import io
import os
import stat

import pytest

from coggno.provisioning import (
    Outcome,
    PasswordFile,
    RosterError,
    RowResult,
    Summary,
    check_writable,
    read_roster,
    write_failed,
    write_results,
)

TEXT = """first name,last name,email,password,note
Ada,=Lovelace,ada@example.com,s3cret-word,@x
Bob,B,bob@example.com,s3cret-word,
"""


def roster():
    return read_roster(io.StringIO(TEXT))


def results(outcome=Outcome.FAILED):
    return {
        2: RowResult(line=2, login="ada@example.com", outcome=Outcome.CREATED, user_id=7, inferred=True),
        3: RowResult(line=3, login="bob@example.com", outcome=outcome, detail="- no"),
    }


def test_results_have_every_row_in_order_and_no_password_and_no_formula(tmp_path):
    path = tmp_path / "results.csv"
    write_results(path, roster(), results())
    assert list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")))) == [
        ["line", "outcome", "inferred", "user_id", "detail", "first name", "last name", "email", "note"],
        ["2", "created", "yes", "7", "", "Ada", "'=Lovelace", "ada@example.com", "'@x"],
        ["3", "failed", "", "", "'- no", "Bob", "B", "bob@example.com", ""],
    ]
    assert "s3cret" not in path.read_text()


def test_failed_rows_are_raw_and_the_file_goes_when_none_is_left(tmp_path):
    path = tmp_path / "failed.csv"
    assert write_failed(path, roster(), {}) == 2
    assert "Ada,=Lovelace,ada@example.com,@x" in path.read_text()
    assert write_failed(path, roster(), results(Outcome.EXISTS)) == 0
    assert not path.exists()


def test_what_cannot_be_written_is_said_before_the_run(tmp_path):
    check_writable(tmp_path / "results.csv")
    with pytest.raises(RosterError, match="directory"):
        check_writable(tmp_path)
    with pytest.raises(RosterError, match="cannot be written"):
        check_writable(tmp_path / "missing" / "results.csv")


def test_a_full_disk_is_an_error_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RosterError, match="No space left"):
        write_results(path, roster(), results())
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.csv"]
    assert path.read_text() == "old"


def test_the_summary_adds_up_and_gives_the_exit_code():
    summary = Summary()
    for result in results(Outcome.INVALID).values():
        summary.add(result)
    assert (summary.rows, summary.not_as_wanted) == (2, 1)
    assert (summary.exit_code(), summary.exit_code(allow_refused=True)) == (1, 0)
    summary.add(results()[3])
    assert summary.exit_code(allow_refused=True) == 1


def test_a_password_file_is_for_its_owner_only_and_keeps_what_it_has(tmp_path):
    path = tmp_path / "passwords.csv"
    first = PasswordFile(path, choose=lambda letters: letters[0])
    made = first.password_for('a,"b@example.com')
    first.sync()
    first.close()
    assert made == "a" * 20
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = PasswordFile(path)
    assert again.password_for('A,"B@example.com ') == made
    assert again.password_for("new@example.com") != made
    again.close()
    assert len(list(csv.reader(io.StringIO(path.read_text())))) == 3


def test_a_password_file_that_is_something_else_or_readable_by_others_is_refused(tmp_path):
    other = tmp_path / "roster.csv"
    other.write_text("a,b,c\n")
    other.chmod(0o600)
    with pytest.raises(RosterError, match="not a password file"):
        PasswordFile(other)
    other.chmod(0o644)
    with pytest.raises(RosterError, match="chmod 600"):
        PasswordFile(other)
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(RosterError, match="cannot be opened"):
        PasswordFile(link)
    with pytest.raises(RosterError, match="cannot be opened"):
        PasswordFile(tmp_path)
