"""`coggno provision` takes workbooks and upload files of other systems like any roster."""

from __future__ import annotations

import csv
from pathlib import Path

from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand
from tests.helpers.workbook import workbook

NAMES = ["First Name", "Last Name", "Email", "Password", "Group"]
ADA = ["Ada", "Lovelace", "ada@example.com", "difference-engine", "Hall"]


def test_a_sheet_is_chosen(provision: RunCommand, sandbox: Sandbox):
    Path("people.xlsx").write_bytes(
        workbook([["Notes"]], People=[NAMES, ADA, ["Bob", True, "bob@example.com", "", ""]])
    )
    ended = provision("people.xlsx", "--sheet", "People")
    assert ended.code == 1
    assert [user.login for user in sandbox.users()] == ["ada@example.com"]
    assert "line 3, bob@example.com: last_name is of type boolean" in ended.out
    failed = list(csv.reader(Path("failed.csv").read_text(encoding="utf-8").splitlines()))
    assert failed == [NAMES, ["Bob", '{"boolean": "true"}', "bob@example.com", "", ""]]


def test_another_sheet_is_suggested(provision: RunCommand):
    Path("people.xlsx").write_bytes(workbook([NAMES, ADA], name="Staff 2026"))
    ended = provision("people.xlsx", "--sheet", "Staff")
    assert (ended.code, "Name another with --sheet 'Staff 2026'" in ended.err) == (2, True)


def test_groups_add_up(provision: RunCommand, sandbox: Sandbox):
    Path("people.csv").write_text("\n".join(map(",".join, [NAMES, ADA])))
    assert provision("people.csv", "--group", "Everybody", "--group", "New").code == 0
    assert sorted(group.name for group in sandbox.groups()) == ["Everybody", "Hall", "New"]


def test_a_deleted_user_of_another_system_is_not_created(provision: RunCommand, sandbox: Sandbox):
    header = "user_id,login_id,password,first_name,last_name,email,status"
    row = "S1,ada,difference-engine,Ada,Lovelace,ada@example.com,"
    Path("users.csv").write_text(f"{header}\n{row}deleted\n")
    ended = provision("users.csv")
    assert (ended.code, len(sandbox.users())) == (1, 0)
    assert "status is 'deleted', so the row asks for no user" in " ".join(ended.out.split())
    Path("users.csv").write_text(f"{header}\n{row}active\n")
    assert provision("users.csv").code == 0
