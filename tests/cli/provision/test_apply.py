"""Saved plans: what was agreed to is carried out, or nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import ADA, GRACE, INVALID, RunCommand, people, read_table, write_roster
from tests.cli.provision.helpers import created, file_names
from tests.cli.provision.test_interrupted import logins_made, start, wait_until


@pytest.fixture
def plan(provision) -> str:
    """A saved plan of a roster of two."""
    ended = provision(write_roster(ADA, GRACE), "--dry-run", "--plan-out", "monday.plan")
    assert ended.code == 0
    assert "Plan: monday.plan. Carry it out with: coggno apply monday.plan" in ended.out
    return "monday.plan"


def test_plan_is_carried_out(plan, coggno: RunCommand, sandbox: Sandbox):
    assert created(sandbox) == {}
    ended = coggno("apply", plan)
    assert ended.code == 0
    assert "2 created" in ended.out
    assert created(sandbox) == {"createGroup": 2, "createUser": 2, "addGroupUser": 1}
    assert [row["outcome"] for row in read_table("results.csv")] == ["created", "created"]
    assert "difference-engine" not in Path(plan).read_text()


def test_plan_of_a_roster_that_was_run_before(provision, coggno: RunCommand, sandbox: Sandbox):
    """The journal beside it changes nothing about the comparison."""
    provision(write_roster(ADA, GRACE))
    provision("people.csv", "--dry-run", "--plan-out", "x.plan")
    ended = coggno("apply", "x.plan")
    assert ended.code == 0, ended.err
    assert created(sandbox)["createUser"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_plan_continues(provision, coggno: RunCommand, sandbox: Sandbox):
    """By the same command, although what is on the server has changed since the plan was made."""
    provision(write_roster(*people(40)), "--dry-run", "--plan-out", "x.plan")
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    with start("x.plan", "--concurrency", "4", command="apply") as run:
        wait_until(lambda: slow.applied >= 12)
        run.kill()
        run.wait()
    sandbox.faults.remove(slow)
    ended = coggno("apply", "x.plan")
    assert ended.code == 0, ended.err
    assert " of 40 rows were done by an earlier run.\n" in ended.err
    assert set(logins_made(sandbox).values()) == {1}
    assert len(logins_made(sandbox)) == 40


def test_plan_out_needs_a_dry_run(provision, sandbox: Sandbox):
    ended = provision(write_roster(ADA), "--plan-out", "monday.plan")
    assert ended.code == 2
    assert "--dry-run" in ended.err
    assert sandbox.requests.total == 0


def test_foreign_file_is_no_place_for_a_plan(provision, plan):
    Path("notes.txt").write_text("precious")
    ended = provision("people.csv", "--dry-run", "--plan-out", "notes.txt")
    assert (ended.code, Path("notes.txt").read_text()) == (2, "precious")
    assert "--plan-out" in ended.err
    assert provision("people.csv", "--dry-run", "--plan-out", plan).code == 0


def test_edited_roster_is_refused(plan, coggno: RunCommand, sandbox: Sandbox):
    before = sandbox.requests.total
    write_roster(ADA, GRACE.replace("Grace", "Gracie"))
    ended = coggno("apply", plan)
    assert ended.code == 2
    assert "Make a new plan: coggno provision people.csv --dry-run --plan-out PLAN" in ended.err
    assert ended.err.count("Nothing was changed.") == 1
    assert "Make the plan again" not in ended.err
    assert sandbox.requests.total == before


def test_changed_server_is_refused(plan, coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="Ada", last_name="Lovelace")
    before = sandbox.effects
    ended = coggno("apply", plan)
    assert ended.code == 2
    assert "has changed since the plan was made" in ended.err
    assert sandbox.effects == before


def test_change_that_makes_no_difference_is_accepted(plan, coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("other@example.com")
    assert coggno("apply", plan).code == 0


def test_another_company_or_key_is_refused(plan, coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    company = sandbox.seed_company(name="Acme")
    ended = coggno("apply", plan, "--company", str(company.id))
    assert ended.code == 2
    assert "Nothing was changed." in ended.err
    monkeypatch.setenv("COGGNO_API_KEY", "live_0123456789abcdef")
    ended = coggno("apply", plan)
    assert ended.code == 2
    assert "made with a test key, and this is a live key" in ended.err
    assert sandbox.effects == ()


def test_roster_that_was_moved_can_be_named(plan, coggno: RunCommand, sandbox: Sandbox):
    Path("people.csv").rename("moved.csv")
    ended = coggno("apply", plan)
    assert ended.code == 2
    assert "Name it with --roster." in ended.err
    assert coggno("apply", plan, "--roster", "moved.csv").code == 0
    assert len(sandbox.users()) == 2


def test_plan_of_standard_input_needs_a_roster(provision, coggno: RunCommand):
    header = "email,first name,last name,password,group\n"
    assert provision("-", "--dry-run", "--plan-out", "x.plan", piped=header + ADA).code == 0
    ended = coggno("apply", "x.plan")
    assert ended.code == 2
    assert "came from standard input" in ended.err


def test_plan_with_passwords_needs_their_file(provision, coggno: RunCommand, sandbox: Sandbox):
    roster = write_roster(ADA.replace("difference-engine", ""))
    provision(roster, "--dry-run", "--plan-out", "x.plan", "--generate-passwords", "secret.csv")
    ended = coggno("apply", "x.plan")
    assert ended.code == 2
    assert "--generate-passwords FILE" in ended.err
    assert coggno("apply", "x.plan", "--generate-passwords", "secret.csv").code == 0
    assert [row["login"] for row in read_table("secret.csv")] == ["ada@example.com"]


def test_plan_without_passwords_takes_no_file(plan, coggno: RunCommand):
    ended = coggno("apply", plan, "--generate-passwords", "secret.csv")
    assert ended.code == 2
    assert "leave out --generate-passwords" in ended.err
    assert not Path("secret.csv").exists()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": "coggno plan", "version": 99}'])
def test_file_that_is_no_plan_is_refused(coggno: RunCommand, address, content):
    Path("x.plan").write_text(content)
    ended = coggno("apply", "x.plan")
    assert ended.code == 2
    assert "x.plan" in ended.err
    assert "Traceback" not in ended.err


def test_missing_plan_is_reported(coggno: RunCommand):
    ended = coggno("apply", "missing.plan")
    assert ended.code == 2
    assert "The plan missing.plan cannot be read" in ended.err


def test_refused_rows_of_a_plan_do_not_matter(provision, coggno: RunCommand):
    provision(write_roster(ADA, INVALID), "--dry-run", "--plan-out", "x.plan")
    assert coggno("apply", "x.plan", "--allow-refused").code == 0
    assert "failed.csv" in file_names()


def test_protected_users_are_those_of_now(provision, coggno: RunCommand, sandbox: Sandbox):
    """Whoever was added to the file since the plan was made must not be removed by it."""
    for login in ("bob@example.com", "dora@example.com"):
        sandbox.seed_user(login)
    Path("keep.txt").write_text("bob@example.com\n")
    options = ["--remove-missing", "users", "--max-removals-share", "1", "--protect", "keep.txt"]
    provision(write_roster(ADA), "--dry-run", "--plan-out", "x.plan", *options)
    Path("keep.txt").write_text("bob@example.com\ndora@example.com\n")
    ended = coggno("apply", "x.plan", "--yes")
    assert ended.code == 2
    assert "keep.txt protects other users than when the plan was made. Nothing was changed." in ended.err
    assert sandbox.effects == ()
    Path("keep.txt").write_text("# the boss\nBOB@example.com\n")
    assert coggno("apply", "x.plan", "--yes").code == 0
    assert sorted(user.login for user in sandbox.users()) == ["ada@example.com", "bob@example.com"]


def test_plan_whose_protected_users_are_gone(provision, coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("bob@example.com")
    Path("keep.txt").write_text("bob@example.com\n")
    provision(
        write_roster(ADA), "--dry-run", "--plan-out", "x.plan", "--remove-missing", "users", "--protect", "keep.txt"
    )
    Path("keep.txt").unlink()
    ended = coggno("apply", "x.plan", "--yes")
    assert (ended.code, sandbox.effects) == (2, ())
    assert "keep.txt cannot be read" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_run_without_the_plan_is_not_continued_by_it(provision, coggno: RunCommand, sandbox: Sandbox):
    """What it has changed was never compared with the plan."""
    provision(write_roster(*people(40)), "--dry-run", "--plan-out", "x.plan")
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    with start("people.csv", "--concurrency", "4") as run:
        wait_until(lambda: slow.applied >= 12)
        run.kill()
        run.wait()
    sandbox.faults.remove(slow)
    wait_until(lambda: not sandbox.requests.in_flight)
    before = len(sandbox.effects)
    ended = coggno("apply", "x.plan")
    assert ended.code == 2
    assert "What is on the server has changed since the plan was made" in ended.err
    assert len(sandbox.effects) == before
    provision("people.csv", "--dry-run", "--plan-out", "x.plan")
    assert coggno("apply", "x.plan").code == 0
    assert len(logins_made(sandbox)) == 40
