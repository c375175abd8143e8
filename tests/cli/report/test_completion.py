"""`coggno report completion`: a table for people, files for others, and names instead of ids."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import RunCommand

pytestmark = pytest.mark.usefixtures("address")


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    users = [sandbox.seed_user(name, first_name=name.title(), last_name="X").id for name in ("ada", "bob", "cyd")]
    sandbox.seed_group("Hall", members=users[:2])
    fire = sandbox.seed_document("Fire safety").id
    sandbox.seed_license(users[0], fire, passed=True, score=90, status="completed", complete_date="2026-01-03")
    sandbox.seed_license(users[1], fire)
    return sandbox


def test_table_counts_by_document_and_group(coggno: RunCommand):
    ended = coggno("report", "completion", "--document", "fire SAFETY")
    assert ended.code == 0
    lines = [line.split("  ") for line in ended.out.splitlines() if line]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells[1] == ["Fire safety", "1", "0", "0", "1", "1", "50"]
    assert cells[3:] == [["(no group)", "0", "0", "0", "0", "1", "-"], ["Hall", "1", "0", "0", "1", "0", "50"]]


def test_files_and_groups(coggno: RunCommand):
    options = ["--document", "Fire safety", "--group", "hall", "--csv", "out.csv", "--html", "out.html"]
    ended = coggno("report", "completion", *options)
    assert ended.code == 0
    assert ended.err.endswith("Written: out.csv\nWritten: out.html\n")
    with Path("out.csv").open(newline="") as file:
        assert [row["login"] for row in csv.DictReader(file)] == ["bob", "ada"]
    assert "2 users, 1 document" in Path("out.html").read_text()


def test_json_has_a_line_for_each_row(coggno: RunCommand):
    first, *_ = coggno("report", "completion", "--document", "Fire safety", "--json", "--licensed").json
    assert (first["login"], first["state"], first["complete_date"]) == ("bob", "not started", None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--document", "fire saftey"], "No document has the title 'fire saftey'. Did you mean Fire safety"),
        (["--document", "99"], "No document has the id 99. See: coggno documents list"),
        (["--group", "99"], "No group has the id 99. See: coggno groups list"),
        (["--group", "hal"], "No group has the name 'hal'. Did you mean Hall?"),
    ],
)
def test_unknown_name_is_one_sentence(coggno: RunCommand, options, message):
    ended = coggno("report", "completion", *options)
    assert (ended.code, ended.out) == (1, "")
    assert f"Error: {message}" in ended.err


def test_unwritable_file_is_refused_unsent(coggno: RunCommand, sandbox: Sandbox):
    ended = coggno("report", "completion", "--html", "nowhere/out.html")
    assert ended.code == 2
    assert "nowhere/out.html" in ended.err
    assert sandbox.requests.total == 0


def test_rows_go_to_standard_output(coggno: RunCommand):
    ended = coggno("report", "completion", "--document", "Fire safety", "--csv", "-")
    assert ended.code == 0
    assert [row["login"] for row in csv.DictReader(ended.out.splitlines())] == ["bob", "ada", "cyd"]
    assert not Path("-").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--csv", "x", "--html", "./x"], "--csv and --html name the same file, x."),
        (["--csv", "-", "--json"], "--csv - and --json both write to standard output."),
        (["--html", "-"], "--html needs the name of a file."),
        (["--csv", "people.csv"], "people.csv is no report of this command, and is kept."),
        (["--html", "people.csv"], "people.csv is no report of this command, and is kept."),
    ],
)
def test_outputs_must_not_collide(coggno: RunCommand, sandbox: Sandbox, options, message):
    """Nor replace a file that a name was mistyped for."""
    Path("people.csv").write_text("email,first name,last name\n")
    ended = coggno("report", "completion", *options)
    assert (ended.code, ended.out) == (2, "")
    assert f"Error: {message}" in ended.err
    assert sandbox.requests.total == 0
    assert Path("people.csv").read_text() == "email,first name,last name\n"


def test_report_replaces_an_earlier_one(coggno: RunCommand):
    options = ["--document", "Fire safety", "--csv", "out.csv", "--html", "out.html"]
    Path("out.csv").touch()
    for _ in range(2):
        assert coggno("report", "completion", *options).code == 0


def test_failure_leaves_the_old_file(coggno: RunCommand, sandbox: Sandbox):
    assert coggno("report", "completion", "--html", "out.html").code == 0
    old = Path("out.html").read_text()
    sandbox.faults.add(parse_fault("getDocumentLicenses:status=403"))
    assert coggno("report", "completion", "--html", "out.html").code == 1
    assert Path("out.html").read_text() == old
    assert [path.name for path in Path().iterdir()] == ["out.html"]
