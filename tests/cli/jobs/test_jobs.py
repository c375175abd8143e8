"""`coggno provision --detach`, `coggno worker` and `coggno jobs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import ADA, GRACE, INVALID, CommandResult, RunCommand, read_table, write_roster
from tests.cli.provision.helpers import created

SECRET = "analytical-engine"
WITHOUT_PASSWORD = "alan@example.com,Alan,Turing,,Navy\n"


@pytest.fixture
def run(coggno: RunCommand, address: str) -> RunCommand:
    """Run a command, and check that no output shows a password or a traceback."""

    def run(*arguments: str, **options: str) -> CommandResult:
        ended = coggno(*arguments, **options)
        assert SECRET not in ended.out + ended.err
        assert "difference-engine" not in ended.out + ended.err
        assert "Traceback" not in ended.err
        return ended

    return run


@pytest.fixture
def submitted(run: RunCommand, url: str) -> CommandResult:
    return run("provision", write_roster(ADA, GRACE), "--journal", url, "--detach")


def test_submission_sends_nothing(submitted: CommandResult, sandbox: Sandbox):
    assert submitted.code == 0
    assert submitted.out.startswith("2 rows submitted as hires, in 1 part.\n")
    assert "coggno worker --journal 'postgresql://coggno:***@/" in submitted.out
    assert sandbox.requests.total == 0
    assert not Path("results.csv").exists()


@pytest.mark.usefixtures("submitted")
def test_worker_carries_out_what_was_submitted(run: RunCommand, sandbox: Sandbox, url: str):
    ended = run("worker", "--journal", url)
    assert (ended.code, ended.out) == (0, "1 part finished, 2 rows carried out: 2 created\n")
    assert created(sandbox)["createUser"] == 2
    assert run("worker", "--journal", url).out == "There was nothing to carry out.\n"


@pytest.mark.usefixtures("submitted")
def test_same_roster_is_submitted_once(run: RunCommand, url: str):
    run("worker", "--journal", url)
    again = run("provision", "people.csv", "--journal", url, "--detach")
    assert again.code == 0
    assert again.out.startswith("hires was submitted already, and keeps its options: 2 of 2 rows done.\n")


@pytest.mark.usefixtures("submitted")
def test_other_roster_needs_another_name(run: RunCommand, url: str):
    ended = run("provision", write_roster(ADA, name="other.csv"), "--journal", url, "--detach")
    assert ended.code == 2
    assert "The job hires is of another roster, people.csv." in ended.err


@pytest.mark.usefixtures("submitted")
def test_job_is_no_journal_of_a_run(run: RunCommand, sandbox: Sandbox, url: str):
    ended = run("provision", "people.csv", "--journal", url)
    assert ended.code == 2
    assert "belongs to a job that was submitted" in ended.err
    assert "coggno worker --journal URL --job hires" in ended.err.replace("\n", " ")
    assert sandbox.requests.total == 0


def test_journal_of_a_run_is_no_job(run: RunCommand, url: str):
    run("provision", write_roster(ADA), "--journal", url)
    ended = run("provision", "people.csv", "--journal", url, "--detach")
    assert ended.code == 2
    assert "is the journal of a run. Give the job another name" in ended.err


@pytest.mark.usefixtures("submitted")
def test_results_are_those_of_a_run(run: RunCommand, url: str):
    """Also before anything was carried out, with an exit code that says so."""
    early = run("jobs", "results", "--journal", url)
    assert early.code == 3
    assert early.out.startswith("2 rows: 2 not attempted\nNot all is done: this job has not ended")
    run("worker", "--journal", url)
    ended = run("jobs", "results", "hires", "--journal", url)
    assert (ended.code, ended.out) == (0, "2 rows: 2 created\nOutcome of every row: results.csv\n")
    by_job = Path("results.csv").read_text()
    assert run("jobs", "results", "hires", "--journal", url, "--results", "own.csv", "--json").code == 0
    assert Path("own.csv").read_text() == by_job
    assert [(row["outcome"], row["email"], row["roster"]) for row in read_table("results.csv")] == [
        ("created", "ada@example.com", "people.csv"),
        ("created", "grace@example.com", "people.csv"),
    ]
    assert "difference-engine" not in by_job


def test_rows_that_failed_are_written(run: RunCommand, url: str):
    roster = write_roster(ADA, INVALID, GRACE, ADA, WITHOUT_PASSWORD)
    submission = run("provision", roster, "--journal", url, "--detach").out
    assert "1 row cannot be carried out: 1 invalid.\n" in submission
    assert "1 row has no password, and can only be carried out for existing users." in submission
    assert run("worker", "--journal", url).code == 1
    ended = run("jobs", "results", "--journal", url)
    assert ended.code == 1
    assert "Rows that are not done: failed.csv (2 rows)" in ended.out
    assert [row["outcome"] for row in read_table("results.csv")] == [
        "created",
        "invalid",
        "created",
        "duplicate",
        "invalid",
    ]
    assert [row["email"] for row in read_table("failed.csv")] == ["alan.example.com", "alan@example.com"]


def test_generated_passwords_are_written(run: RunCommand, sandbox: Sandbox, postgres, url: str):
    roster = write_roster(ADA, WITHOUT_PASSWORD)
    submission = run("provision", roster, "--journal", url, "--detach", "--generate-passwords", "later.csv").out
    assert "kept encrypted in the database" in submission
    assert "--passwords later.csv\n" in submission
    without = run("provision", roster, "--journal", url, "--detach")
    assert without.code == 2
    assert "The job hires was submitted with generated passwords" in without.err
    assert run("worker", "--journal", url).code == 0
    ended = run("jobs", "results", "--journal", url, "--passwords", "passwords.csv")
    assert "Passwords: passwords.csv (1 user)" in ended.out
    (row,) = read_table("passwords.csv")
    assert row["login"] == "alan@example.com"
    assert len(row["password"]) == 20
    database = url.partition("?")[0].rpartition("/")[2]
    kept = postgres.execute("SELECT data, password FROM coggno.submitted_rows", database=database)
    assert row["password"] not in str(kept)
    assert not Path("later.csv").exists()


@pytest.mark.usefixtures("submitted")
def test_job_is_shown(run: RunCommand, url: str):
    assert "submitted, 0 of 2 rows done" in run("jobs", "show", "--journal", url).out
    run("worker", "--journal", url)
    listed = run("jobs", "list", "--journal", url).out
    assert "hires  finished" in listed
    assert "2 created" in listed
    (data,) = run("jobs", "show", "hires", "--journal", url, "--json").json
    assert (data["state"], data["rows"], data["done"], data["counts"]) == ("finished", 2, 2, {"created": 2})
    assert run("jobs", "list", "--journal", url, "--json").json == [data]
    missing = run("jobs", "show", "other", "--journal", url)
    assert missing.code == 1
    assert "There is no job 'other'" in missing.err
    assert "Jobs: hires." in missing.err


@pytest.mark.usefixtures("submitted")
def test_cancelled_job_is_not_carried_out(run: RunCommand, sandbox: Sandbox, url: str):
    ended = run("jobs", "cancel", "hires", "--journal", url, "--yes")
    assert ended.code == 0
    assert "cancelled, 0 of 2 rows done" in ended.out
    assert run("worker", "--journal", url).out == "There was nothing to carry out.\n"
    assert sandbox.requests.total == 0
    again = run("jobs", "cancel", "hires", "--journal", url, "--yes")
    assert (again.code, again.err) == (1, "Error: The job hires is cancelled already.\n")
    submission = run("provision", "people.csv", "--journal", url, "--detach")
    assert submission.code == 1
    assert "The job hires was cancelled, with 0 of 2 rows done." in submission.err
    assert run("jobs", "results", "--journal", url).code == 3
    assert {row["detail"] for row in read_table("results.csv")[:2]} == {"not attempted: the job was cancelled"}


@pytest.mark.usefixtures("submitted")
def test_ended_job_is_deleted(run: RunCommand, postgres, url: str):
    """With all that the database has of it; its name can be used again."""
    early = run("jobs", "delete", "--journal", url, "--yes")
    assert (early.code, "has not ended" in early.err) == (1, True)
    run("worker", "--journal", url)
    ended = run("jobs", "delete", "--journal", url, "--yes")
    assert (ended.code, ended.err) == (0, "Deleted hires.\n")
    database = url.partition("?")[0].rpartition("/")[2]
    for table in ("journals", "submissions", "shards", "submitted_rows", "rows", "jobs", "writes"):
        assert postgres.execute(f"SELECT count(*) FROM coggno.{table}", database=database) == [(0,)]
    assert "submitted as hires" in run("provision", "people.csv", "--journal", url, "--detach").out


@pytest.mark.parametrize(
    "options",
    [
        ["--dry-run"],
        ["--recheck"],
        ["--report", "report.html"],
        ["--results", "own.csv"],
        ["--sandbox"],
        ["--remove-missing", "members"],
    ],
)
def test_options_that_mean_nothing_for_a_job(run: RunCommand, sandbox: Sandbox, url: str, options: list[str]):
    ended = run("provision", write_roster(ADA), "--journal", url, "--detach", *options)
    assert ended.code == 2
    assert f"{options[0]} cannot be combined with --detach" in ended.err
    assert sandbox.requests.total == 0


def test_detach_needs_a_database(run: RunCommand):
    ended = run("provision", write_roster(ADA), "--detach")
    assert ended.code == 2
    assert "--detach needs a database that the workers use as well" in ended.err


def test_other_key_leaves_jobs_alone(
    submitted: CommandResult, run: RunCommand, url: str, monkeypatch, sandbox: Sandbox
):
    monkeypatch.setenv("COGGNO_API_KEY", "test_another_key_0123")
    base = url.partition("&journal")[0]
    ended = run("worker", "--journal", base)
    assert ended.code == 0
    assert "The job hires was submitted with another API key, and is left alone" in ended.err
    named = run("worker", "--journal", url)
    assert named.code == 2
    assert "another API key" in named.err
    assert sandbox.requests.total == 0


def test_new_database_has_no_jobs(run: RunCommand, url: str):
    listed = run("jobs", "list", "--journal", url)
    assert (listed.code, listed.out, listed.err) == (0, "", "There are no jobs.\n")
    for ended in (run("jobs", "show", "--journal", url), run("worker", "--journal", url)):
        assert ended.code == 1
        assert "There is no job 'hires'" in ended.err
        assert "It has no jobs." in ended.err
    assert run("worker", "--journal", url.partition("&journal")[0]).out == "There was nothing to carry out.\n"


def test_existing_users_are_counted(run: RunCommand, url: str):
    run("provision", write_roster(ADA))
    run("provision", write_roster(ADA, GRACE), "--journal", url, "--detach")
    ended = run("worker", "--journal", url)
    assert ended.out.startswith("1 part finished, 2 rows carried out: ")
    assert "1 already existing" in ended.out
    assert ended.err.count("hires, part 1 of 1: people.csv\n") == 1
