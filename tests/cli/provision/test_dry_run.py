"""`--dry-run` changes nothing, and agrees with the run."""

from __future__ import annotations

from pathlib import Path

from coggno.sandbox import Sandbox
from tests.cli.helpers import (
    ADA,
    GRACE,
    INVALID,
    people,
    write_roster,
)
from tests.cli.provision.helpers import file_names


def test_dry_run_changes_nothing(provision, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="Ada", last_name="Lovelace")
    ended = provision(write_roster(ADA, GRACE, GRACE), "--dry-run")
    assert ended.code == 0
    assert set(ended.out.splitlines()[1].split(": ")[1].split(", ")) == {
        "1 added to groups",
        "1 created",
        "1 duplicate",
    }
    assert "Groups that would be created: " in ended.out
    assert sandbox.effects == ()
    assert file_names() == ["people.csv"]


def test_dry_run_generates_no_passwords(provision):
    assert provision(write_roster(INVALID), "--dry-run", "--generate-passwords", "secret.csv").code == 1
    assert not Path("secret.csv").exists()


def test_dry_run_agrees_with_the_run(provision, sandbox: Sandbox):
    sandbox.seed_user("grace@example.com", first_name="Grace", last_name="Someone")
    without = ADA.replace("difference-engine", "").replace("ada@", "ida@")
    arguments = [write_roster(ADA, ADA, GRACE, GRACE, INVALID, without, without, *people(3)), "--json"]
    planned, happened = provision(*arguments, "--dry-run").json[0], provision(*arguments).json[0]
    assert planned["outcomes"] == happened["outcomes"]
    assert [problem["line"] for problem in planned["problems"]] == [problem["line"] for problem in happened["problems"]]
