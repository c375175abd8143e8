"""`coggno provision`, against the sandbox: what it creates, and how a run ends."""

from __future__ import annotations

import re
from pathlib import Path

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import (
    ADA,
    GRACE,
    HEADER,
    KEY,
    people,
    read_table,
    write_roster,
)
from tests.cli.provision.helpers import created


def test_users_groups_and_memberships_are_created(provision, sandbox: Sandbox):
    ended = provision(write_roster(ADA, GRACE))
    assert ended.code == 0
    assert created(sandbox) == {"createGroup": 2, "createUser": 2, "addGroupUser": 1}
    assert "2 rows in" in ended.out
    assert "2 created" in ended.out
    assert [row["outcome"] for row in read_table("results.csv")] == ["created", "created"]
    assert not Path("failed.csv").exists()
    assert "difference-engine" not in Path("results.csv").read_text()


def test_second_run_changes_nothing(provision, sandbox: Sandbox):
    provision(write_roster(ADA, GRACE))
    before = sandbox.effects
    ended = provision("people.csv")
    assert (ended.code, sandbox.effects) == (0, before)
    assert "2 created" in ended.out


def test_roster_from_standard_input(provision, sandbox: Sandbox):
    ended = provision("-", piped=HEADER + ADA)
    assert ended.code == 0
    assert "standard input: 1 row," in ended.err
    assert len(sandbox.users()) == 1


def test_generated_passwords_are_private(provision):
    ended = provision(write_roster(ADA.replace("difference-engine", "")), "--generate-passwords", "secret.csv")
    assert ended.code == 0
    secret = read_table("secret.csv")[0]["password"]
    assert Path("secret.csv").stat().st_mode & 0o777 == 0o600
    assert secret not in ended.out + ended.err + Path("results.csv").read_text()


def test_missing_passwords_name_the_option(provision):
    ended = provision(write_roster(ADA.replace("difference-engine", "")))
    assert ended.code == 1
    assert "--generate-passwords FILE" in ended.out


def test_existing_user_needs_no_password(provision):
    provision(write_roster(ADA))
    ended = provision(write_roster(ADA.replace("difference-engine", "").replace("Analysts", "Navy")))
    assert ended.code == 0
    assert "1 added to groups" in ended.out


def test_rejected_key_changes_nothing(provision, monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", "test_wrong")
    ended = provision(write_roster(ADA))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(" Nothing was changed.\n")
    assert "COGGNO_API_KEY" in ended.err
    assert "again" not in ended.err


def test_unreachable_server_is_reported_once(provision, monkeypatch):
    monkeypatch.setenv("COGGNO_BASE_URL", "http://127.0.0.1:1")
    ended = provision(write_roster(ADA), "--max-retries", "0")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.count("Nothing was") == 1
    assert ended.err.endswith("Run the same command again later.\n")


def test_key_rejected_later_stops_the_run(provision, sandbox: Sandbox):
    sandbox.faults.add(parse_fault("createUser:status=401,skip=5"))
    ended = provision(write_roster(*people(40)), "--concurrency", "2", "--json")
    assert ended.code == 3
    summary = ended.json[-1]
    assert summary["outcomes"]["created"] == created(sandbox)["createUser"] == 5
    assert sum(summary["outcomes"].values()) == 40
    assert summary["outcomes"]["not_attempted"] == summary["not_attempted"] > 0
    rest = [row for row in read_table("results.csv") if row["detail"].startswith("not attempted: ")]
    assert len(rest) == summary["not_attempted"]
    assert "again" in summary["stopped"]
    assert "again" in ended.err
    sandbox.faults.clear()
    assert provision("people.csv").code == 0
    assert created(sandbox)["createUser"] == 40


def test_patience_ends_the_run(provision, sandbox: Sandbox):
    """It shows what it waits for, and the same command continues it."""
    sandbox.faults.add(parse_fault("createUser:status=503"))
    ended = provision(write_roster(*people(8)), "--patience", "4", "--settle-time", "1")
    assert ended.code == 3
    assert re.search(
        r"^Waiting since \d\d:\d\d for Coggno to respond again, 0 of 8 rows done$", ended.err, re.MULTILINE
    )
    assert "no row could be finished for" in ended.err
    sandbox.faults.clear()
    assert provision("people.csv", "--settle-time", "1").code == 0


def test_unwritten_results_are_reported(provision, sandbox: Sandbox, monkeypatch):
    def full(*_):
        from coggno.provisioning import RosterError

        raise RosterError("results.csv cannot be written: No space left on device")

    monkeypatch.setattr("coggno.cli.provision.result_files.writing_results", full)
    ended = provision(write_roster(ADA))
    assert ended.code == 1
    assert "1 created" in ended.out
    assert "No space left on device" in ended.err
    assert created(sandbox)["createUser"] == 1


def test_unwritten_passwords_stop_the_run(provision, sandbox: Sandbox, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("coggno.provisioning.PasswordFile.sync", full)
    ended = provision(write_roster(ADA.replace("difference-engine", "")), "--generate-passwords", "secret.csv")
    assert ended.code == 3
    assert "No space left" in ended.err
    assert sandbox.effects == ()


def test_company_option_selects_the_account(provision, sandbox: Sandbox):
    company = sandbox.seed_company(name="Acme")
    assert provision(write_roster(ADA), "--company", str(company.id)).code == 0
    assert [user.login for user in sandbox.users(company.id)][-1] == "ada@example.com"
    assert KEY not in Path("results.csv").read_text()
