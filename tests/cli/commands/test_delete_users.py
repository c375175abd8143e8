"""`coggno users delete` with several users: counted, shown, and none of them deleted by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import RunCommand

pytestmark = pytest.mark.usefixtures("address")


@pytest.fixture
def people(sandbox: Sandbox) -> list[int]:
    return [sandbox.seed_user(name, first_name=name.title(), last_name="X").id for name in ("ada", "bob", "cyd")]


def logins(sandbox: Sandbox) -> list[str]:
    return [user.login for user in sandbox.users()]


def test_several_are_shown_in_one_question(coggno: RunCommand, sandbox: Sandbox, people):
    ended = coggno("users", "delete", "ada", str(people[1]), typed="y\n")
    assert ended.code == 0
    assert ended.err == (
        f"  user ada (id {people[0]}, Ada X)\n  user bob (id {people[1]}, Bob X)\nDelete these 2 users? [y/N] "
    )
    assert ended.out.count("Deleted the user") == 2
    assert logins(sandbox) == ["cyd"]


def test_declining_deletes_nobody(coggno: RunCommand, sandbox: Sandbox, people):
    ended = coggno("users", "delete", "ada", "bob", typed="n\n")
    assert ended.code == 0
    assert ended.err.endswith("Nothing was changed.\n")
    assert len(logins(sandbox)) == 3


def test_login_and_id_of_one_person_count_once(coggno: RunCommand, sandbox: Sandbox, people):
    ended = coggno("users", "delete", "ada", str(people[0]), "ADA", "--yes")
    assert (ended.code, ended.out.count("Deleted")) == (0, 1)


def test_unknown_user_stops_all(coggno: RunCommand, sandbox: Sandbox, people):
    ended = coggno("users", "delete", "ada", "nobody", "99", "nobody", "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert "2 users were not found:\n  No user has the login 'nobody'.\n  No user has the id 99." in ended.err
    assert sandbox.effects == ()


def test_skip_missing_deletes_the_others(coggno: RunCommand, sandbox: Sandbox, people):
    ended = coggno("users", "delete", "ada", "nobody", "--yes", "--skip-missing")
    assert ended.code == 0
    assert "1 user was not found, and left out" in ended.err
    assert logins(sandbox) == ["bob", "cyd"]


@pytest.mark.parametrize(
    "content",
    ["# leavers\nada\n\nbob\n", "login\nada\nbob\n", "Name;Login\nAda;ada\nBob;bob\n", "id\n2\n3\n", "\ufeffada\nbob"],
    ids=["lines", "column", "semicolons", "ids", "mark"],
)
def test_users_of_a_file(coggno: RunCommand, sandbox: Sandbox, people, content):
    Path("leavers.csv").write_text(content, encoding="utf-8")
    assert coggno("users", "delete", "--file", "leavers.csv", "--yes").code == 0
    assert logins(sandbox) == ["cyd"]


def test_list_output_can_be_the_file(coggno: RunCommand, sandbox: Sandbox, people):
    Path("leavers.csv").write_text(coggno("users", "list", "--csv", "--filter", "login=bob").out)
    assert coggno("users", "delete", "--file", "leavers.csv", "--yes").code == 0
    assert logins(sandbox) == ["ada", "cyd"]


def test_standard_input_can_be_the_file(coggno: RunCommand, sandbox: Sandbox, people):
    assert coggno("users", "delete", "--file", "-", "--yes", piped="ada\ncyd\n").code == 0
    assert logins(sandbox) == ["bob"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "leavers.csv names no user."),
        ("Ada,ada\nBob,bob\n", "leavers.csv, line 1: this is no login or id."),
        ("id,name\n2,Ada\nx,Bob\n", "leavers.csv, line 3: the column id has no id of a user"),
        ("login\n\xff", "leavers.csv is not UTF-8 text."),
    ],
)
def test_file_that_names_nobody_is_refused(coggno: RunCommand, sandbox: Sandbox, people, content, message):
    Path("leavers.csv").write_bytes(content.encode("latin-1"))
    ended = coggno("users", "delete", "--file", "leavers.csv", "--yes")
    assert ended.code == 2
    assert message in ended.err
    assert sandbox.requests.total == 0


def test_missing_file_is_named(coggno: RunCommand):
    ended = coggno("users", "delete", "--file", "nowhere.csv", "--yes")
    assert (ended.code, ended.err) == (
        2,
        "Error: nowhere.csv cannot be read: No such file or directory. Nothing was changed.\n",
    )


def test_too_many_are_refused_unsent(coggno: RunCommand, sandbox: Sandbox, people):
    ended = coggno("users", "delete", "ada", "bob", "cyd", "--max-count", "2", "--yes")
    assert ended.code == 2
    assert "3 users were given, and at most 2 may be deleted at once. Nothing was changed." in ended.err
    assert "--max-count 3" in ended.err
    assert sandbox.requests.total == 0


def test_fifty_is_the_usual_limit(coggno: RunCommand):
    assert coggno("users", "delete", *(f"user{number}" for number in range(51)), "--yes").code == 2


def test_nobody_named_is_a_mistake(coggno: RunCommand):
    ended = coggno("users", "delete", "--yes")
    assert (ended.code, ended.err.startswith("Error: No user was given.")) == (2, True)


def test_first_failure_ends_the_deletion(coggno: RunCommand, sandbox: Sandbox, people):
    """What is deleted cannot be brought back, so nothing is deleted on top of a failure."""
    sandbox.faults.add(parse_fault(f"deleteUser:status=403,key={people[1]}"))
    ended = coggno("users", "delete", "ada", "bob", "cyd", "--yes")
    assert ended.code == 1
    assert "1 of 3 users are deleted. The same command with --skip-missing deletes the others." in ended.err
    assert logins(sandbox) == ["bob", "cyd"]


def test_user_deleted_meanwhile_is_no_failure(coggno: RunCommand, sandbox: Sandbox, people):
    sandbox.faults.add(parse_fault(f"deleteUser:status=404,key={people[0]}"))
    ended = coggno("users", "delete", "ada", "bob", "--yes")
    assert ended.code == 0
    assert "was deleted by somebody else" in ended.err
