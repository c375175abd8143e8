"""`--remove-missing`: asked for, limited, confirmed, and never because of a typo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import ADA, GRACE, INVALID, read_table, write_roster
from tests.cli.provision.helpers import created


@pytest.fixture
def staff(sandbox: Sandbox) -> Sandbox:
    """A company with a group of two, one of whom is in no roster."""
    logins = ("ada@example.com", "leaver@example.com")
    users = [sandbox.seed_user(login, first_name="Ada", last_name="Lovelace") for login in logins]
    sandbox.seed_group("Analysts", members=[user.id for user in users])
    return sandbox


SHARE = ("--max-removals-share", "50%")


def logins(sandbox: Sandbox) -> list[str]:
    return sorted(user.login for user in sandbox.users())


def test_dry_run_says_who_would_be_removed(provision, staff: Sandbox):
    ended = provision(write_roster(ADA), "--dry-run", "--remove-missing", "members", *SHARE)
    assert ended.code == 0
    assert "It would remove 1 of 2 memberships.\n" in ended.out
    assert "Not in the roster: leaver@example.com in Analysts\n" in ended.out
    ended = provision("people.csv", "--dry-run", "--remove-missing", "users", *SHARE, "--json")
    assert ended.json[-1]["removals"] == 1
    assert staff.effects == ()


def test_dry_run_of_removals_alone_changes_something(provision, staff: Sandbox):
    ended = provision(write_roster(ADA), "--dry-run", "--remove-missing", "users", *SHARE)
    assert "It would delete 1 of 2 users for good." in ended.out
    assert "change nothing" not in ended.out


def test_dry_run_says_that_a_limit_is_exceeded(provision, staff: Sandbox):
    """With the exit code of the run, since a script trusts it."""
    ended = provision(write_roster(ADA), "--dry-run", "--remove-missing", "users")
    assert ended.code == 1
    assert (
        "Nobody would be removed: 1 of 2 would be deleted, and at most 10% may be (--max-removals-share)." in ended.out
    )


def test_members_who_are_missing_leave_the_group(provision, staff: Sandbox):
    ended = provision(write_roster(ADA), "--remove-missing", "members", *SHARE, "--yes", "--report", "report.html")
    assert ended.code == 0
    assert "Not in the roster: 1 removed from groups" in Path("report.html").read_text(encoding="utf-8")
    assert "Not in the roster: 1 removed from groups" in ended.out
    assert [member.login for member in staff.members(staff.groups()[0].id)] == ["ada@example.com"]
    assert len(logins(staff)) == 2
    last = read_table("results.csv")[-1]
    assert (last["line"], last["outcome"], last["login"]) == ("", "left", "leaver@example.com")
    assert last["detail"] == "not in the roster of group 'Analysts'"


def test_users_who_are_missing_are_deleted(provision, staff: Sandbox):
    ended = provision(write_roster(ADA, GRACE), "--remove-missing", "users", *SHARE, "--yes", "--json")
    assert ended.code == 0
    assert ended.json[-1]["removed"] == {"deleted": 1}
    assert [event["login"] for event in ended.json if event["event"] == "removal"] == ["leaver@example.com"]
    assert logins(staff) == ["ada@example.com", "grace@example.com"]


def test_the_removed_stay_in_the_results(provision, coggno, staff: Sandbox):
    """The same command again, and results written from the journal, keep the record of who was deleted."""
    arguments = (write_roster(ADA), "--remove-missing", "users", *SHARE, "--yes")
    provision(*arguments)
    first = Path("results.csv").read_text()
    assert ",leaver@example.com," in first.replace('"', "")
    ended = provision(*arguments, "--report", "report.html")
    assert ended.code == 0
    assert "Not in the roster: 1 deleted (1 of them by an earlier run)\n" in ended.out
    assert Path("results.csv").read_text() == first
    report = Path("report.html").read_text(encoding="utf-8")
    assert "<td>leaver@example.com</td><td>deleted</td><td>not in the roster</td>" in report
    assert "1 row, " in report
    ended = coggno("journal", "results", "results.journal")
    assert "Not in the roster: 1 deleted\n" in ended.out
    assert Path("results.csv").read_text() == first
    ended = coggno("journal", "show", "results.journal")
    assert "1 of 1 row " in ended.out
    assert "1 exists; not in the roster: 1 deleted" in " ".join(ended.out.split())


def test_removed_are_known_without_the_roster(provision, coggno, staff: Sandbox):
    provision(write_roster(ADA), "--remove-missing", "users", *SHARE, "--yes")
    Path("people.csv").unlink()
    coggno("journal", "results", "results.journal")
    found = [(row["line"], row["login"], row["outcome"]) for row in read_table("results.csv")]
    assert found == [("2", "ada@example.com", "exists"), ("", "leaver@example.com", "deleted")]


def test_question_names_them(provision, staff: Sandbox):
    arguments = (write_roster(ADA), "--remove-missing", "users", *SHARE)
    ended = provision(*arguments, typed="n\n")
    assert ended.code == 0
    assert "  leaver@example.com\nDelete 1 user, who is not in the roster, for good? [y/N]" in ended.err
    assert ended.err.count("Nothing was changed.") == 1
    assert staff.effects == ()
    assert provision(*arguments, typed="y\n").code == 0
    assert logins(staff) == ["ada@example.com"]


def test_nobody_to_ask_is_an_error(provision, staff: Sandbox):
    ended = provision(write_roster(ADA), "--remove-missing", "users", *SHARE)
    assert ended.code == 2
    assert "--yes" in ended.err
    assert staff.requests.total == 0


def test_limit_removes_nobody(provision, staff: Sandbox):
    """The rows are carried out; the exit code and the message say that nobody was removed."""
    ended = provision(write_roster(ADA, GRACE), "--remove-missing", "users", "--max-removals", "0", *SHARE, "--yes")
    assert ended.code == 1
    assert "Nobody was removed: 1 would be deleted, and at most 0 may be (--max-removals)." in ended.out
    assert "leaver@example.com" in logins(staff)
    assert created(staff)["createUser"] == 1


def test_refused_rows_remove_nobody(provision, staff: Sandbox):
    ended = provision(write_roster(ADA, INVALID), "--remove-missing", "users", *SHARE, "--yes")
    assert ended.code == 1
    assert "Nobody was removed: the check has refused 1 row" in ended.out
    assert len(logins(staff)) == 2


def test_protected_users_stay(provision, staff: Sandbox):
    Path("keep.txt").write_text("# never\nLEAVER@example.com\n")
    ended = provision(write_roster(ADA), "--remove-missing", "users", *SHARE, "--yes", "--protect", "keep.txt")
    assert ended.code == 0
    assert len(logins(staff)) == 2


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("leaver@example.com # the boss", "keep.txt, line 1: a comment needs a line of its own"),
        ("leaver@example.com\u200b", "keep.txt, line 1: it contains an invisible character"),
    ],
)
def test_protected_login_that_is_none_is_refused(provision, sandbox: Sandbox, line, hint):
    Path("keep.txt").write_text(line, encoding="utf-8")
    ended = provision(write_roster(ADA), "--remove-missing", "users", "--yes", "--protect", "keep.txt")
    assert ended.code == 2
    assert hint in ended.err
    assert sandbox.requests.total == 0


def test_ids_do_not_pass_for_protected_logins(provision, staff: Sandbox):
    """Nobody is removed, instead of the person whose id it is."""
    Path("keep.txt").write_text("id\n2\n")
    ended = provision(write_roster(ADA), "--remove-missing", "users", *SHARE, "--yes", "--protect", "keep.txt")
    assert ended.code == 1
    assert "Nobody was removed: " in ended.out
    assert len(logins(staff)) == 2


def test_quotes_of_a_spreadsheet_protect_as_well(provision, staff: Sandbox):
    Path("keep.txt").write_text('"leaver@example.com"\n')
    provision(write_roster(ADA), "--remove-missing", "users", *SHARE, "--yes", "--protect", "keep.txt")
    assert len(logins(staff)) == 2


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--remove-missing", "all"], "must be members or users, not 'all'"),
        (["--remove-missing", "users", "--yes", "--max-removals-share", "2"], "must be a share between 0% and 100%"),
        (["--remove-missing", "users", "--yes", "--max-removals", "-1"], "--max-removals"),
        (["--remove-missing", "users", "--yes", "--protect", "missing.txt"], "missing.txt cannot be read"),
        (["--protect", "people.csv"], "--remove-missing"),
        (["--max-removals", "3"], "--max-removals works only together with --remove-missing"),
        (["--max-removals-share", "5%"], "--max-removals-share works only together with --remove-missing"),
    ],
)
def test_invalid_removals_send_nothing(provision, sandbox: Sandbox, arguments, hint):
    ended = provision(write_roster(ADA), *arguments)
    assert ended.code == 2
    assert hint in ended.err
    assert sandbox.requests.total == 0


def test_continued_plan_removes_only_the_agreed(provision, coggno, staff: Sandbox):
    """Somebody who comes between two runs of a plan is in no roster yet, and nobody has agreed to their removal."""
    provision(write_roster(ADA, GRACE), "--dry-run", "--plan-out", "x.plan", "--remove-missing", "users", *SHARE)
    rejected = staff.faults.add(parse_fault("createUser:status=401"))
    assert coggno("apply", "x.plan", "--yes").code == 3
    staff.faults.remove(rejected)
    staff.seed_user("boss@example.com")
    os.utime("x.plan")  # a copy: the time of the file says nothing
    ended = coggno("apply", "x.plan", "--yes")
    assert ended.code == 0, ended.err
    assert logins(staff) == ["ada@example.com", "boss@example.com", "grace@example.com"]


def test_plan_with_removals_asks_again(provision, coggno, staff: Sandbox):
    provision(write_roster(ADA), "--dry-run", "--plan-out", "x.plan", "--remove-missing", "users", *SHARE)
    assert coggno("apply", "x.plan").code == 2
    assert coggno("apply", "x.plan", "--yes").code == 0
    assert logins(staff) == ["ada@example.com"]
