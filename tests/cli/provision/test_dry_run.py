"""`--dry-run` changes nothing, and agrees with the run."""

from __future__ import annotations

from pathlib import Path

from coggno.sandbox import Sandbox
from tests.cli.helpers import (
    ADA,
    GRACE,
    INVALID,
    people,
    read_table,
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
    assert "The run would create 1 user, 2 groups and 3 memberships.\n" in ended.out
    assert "Groups that would be created: " in ended.out
    assert sandbox.effects == ()
    assert file_names() == ["people.csv", "results.csv"]


def test_dry_run_writes_a_forecast(provision):
    """Every row, marked so that it cannot be taken for what a run has done."""
    ended = provision(write_roster(ADA, GRACE, INVALID, GRACE), "--dry-run", "--results", "plan.csv")
    assert "Forecast of every row: plan.csv" in ended.out
    table = read_table("plan.csv")
    assert [row["outcome"] for row in table] == ["created", "created", "invalid", "duplicate"]
    assert table[0]["detail"] == "forecast: to be added to Analysts"
    assert all(row["detail"].startswith("forecast") for row in table)
    assert [row["email"] for row in table][:2] == ["ada@example.com", "grace@example.com"]
    assert "difference-engine" not in Path("plan.csv").read_text()


def test_forecast_leaves_results_of_a_run_alone(provision):
    """And its own file is written anew, by a dry run and by a run."""
    roster = write_roster(ADA, INVALID)
    assert "Forecast of every row: results.csv" in provision(roster, "--dry-run").out
    assert "Forecast of every row: results.csv" in provision(roster, "--dry-run").out
    provision(roster)
    done = Path("results.csv").read_text()
    assert read_table("results.csv")[0]["detail"] == ""
    ended = provision(roster, "--dry-run")
    assert "results.csv has the results of a run, and is kept. This run writes results-2.csv.\n" in ended.err
    assert Path("results.csv").read_text() == done
    provision(roster, "--dry-run")
    assert file_names() == ["failed.csv", "people.csv", "results-2.csv", "results.csv", "results.journal"]


def test_forecast_is_no_proof_of_a_run(provision):
    """A file `failed.csv` beside it may be anybody's."""
    provision(write_roster(ADA), "--dry-run")
    Path("failed.csv").write_text("precious")
    assert provision("people.csv").code == 2
    assert Path("failed.csv").read_text() == "precious"


def test_new_groups_of_a_dry_run_are_limited(provision):
    rows = [row.replace("Everybody", f"Group {number}") for number, row in enumerate(people(607))]
    ended = provision(write_roster(*rows), "--dry-run")
    assert "The run would create 607 users, 607 groups and 607 memberships.\n" in ended.out
    assert "Groups that would be created: Group 0, Group 1," in ended.out
    assert "Group 9 and 597 more\n" in ended.out
    assert "Group 10" not in ended.out


def test_forecast_without_passwords_makes_no_groups(provision, sandbox: Sandbox):
    """As the run: it rejects these rows, and their groups are not created."""
    roster = write_roster(ADA.replace("difference-engine", ""))
    ended = provision(roster, "--dry-run", "--json")
    assert (ended.json[0]["new_users"], ended.json[0]["new_groups"], ended.json[0]["new_memberships"]) == (0, [], 0)
    assert "The run would change nothing.\n" in provision(roster, "--dry-run").out
    provision(roster)
    assert sandbox.effects == ()


def test_dry_run_generates_no_passwords(provision):
    assert provision(write_roster(INVALID), "--dry-run", "--generate-passwords", "secret.csv").code == 1
    assert not Path("secret.csv").exists()


def test_dry_run_agrees_with_the_run(provision, sandbox: Sandbox):
    sandbox.seed_user("grace@example.com", first_name="Grace", last_name="Someone")
    without = ADA.replace("difference-engine", "").replace("ada@", "ida@")
    arguments = [write_roster(ADA, ADA, GRACE, GRACE, INVALID, without, without, *people(3)), "--json"]
    planned, happened = provision(*arguments, "--dry-run").json[-1], provision(*arguments).json[-1]
    assert planned["outcomes"] == happened["outcomes"]
    assert [problem["line"] for problem in planned["problems"]] == [problem["line"] for problem in happened["problems"]]
