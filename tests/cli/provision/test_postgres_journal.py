"""`--journal postgresql://...`."""

from __future__ import annotations

import signal
from pathlib import Path
from uuid import uuid4

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import ADA, GRACE, RunCommand, people, read_table, write_roster
from tests.cli.provision.helpers import created, file_names
from tests.cli.provision.test_interrupted import logins_made, start, wait_until
from tests.helpers.postgres_server import PostgresServer

SECRET = "analytical-engine"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """One with a password, which the server does not ask for."""
    return postgres.url(journal=uuid4(), password=SECRET)


def test_finished_roster_needs_no_request(provision, sandbox: Sandbox, url: str):
    provision(write_roster(ADA, GRACE), "--journal", url)
    assert file_names() == ["people.csv", "results.csv"]
    before = sandbox.requests.total
    ended = provision("people.csv", "--journal", url, "--json")
    assert (ended.code, sandbox.requests.total) == (0, before)
    assert "2 of 2 rows were done by an earlier run.\n" in ended.err
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 2
    assert ended.json[-1]["journal"] == url.replace(SECRET, "***")
    assert SECRET not in ended.out + ended.err


def test_edited_roster_keeps_what_is_done(provision, sandbox: Sandbox, url: str):
    """Also on another machine, which has no other file of the first run."""
    provision(write_roster(ADA), "--journal", url)
    Path("results.csv").unlink()
    assert provision(write_roster(GRACE, ADA), "--journal", url).code == 0
    assert created(sandbox)["createUser"] == 2
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 2


def test_journal_is_shown_and_written(provision, coggno: RunCommand, url: str):
    provision(write_roster(ADA, GRACE), "--journal", url)
    shown = coggno("journal", "show", url)
    assert shown.code == 0
    assert "No run uses it now." in shown.out
    assert "2 of 2 rows  2 created" in shown.out
    Path("results.csv").unlink()
    written = coggno("journal", "results", url)
    assert "2 rows: 2 created\nOutcome of every row: results.csv\n" in written.out
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 2
    (data,) = coggno("journal", "show", url, "--json").json
    assert data["journal"] == url.replace(SECRET, "***")
    assert SECRET not in shown.out + shown.err + written.out + written.err


@pytest.mark.parametrize(
    "text", [f"postgresql://ada:{SECRET}@/x?host=/missing", f"postgresql://ada:{SECRET}@db/x?wrong=1"]
)
def test_unusable_database_sends_nothing(provision, coggno: RunCommand, sandbox: Sandbox, text: str):
    masked = text.replace(SECRET, "***")
    for ended in (
        provision(write_roster(ADA), "--journal", text),
        coggno("journal", "show", text),
        coggno("journal", "results", text),
    ):
        assert ended.code == 2
        assert masked in ended.err.replace("\n", " ").replace("  ", " ")
        assert SECRET not in ended.out + ended.err
    assert sandbox.requests.total == 0


def test_missing_journal_is_reported(coggno: RunCommand, url: str):
    ended = coggno("journal", "show", url)
    assert ended.code == 2
    assert "There is no journal" in ended.err


@pytest.mark.usefixtures("address")
def test_database_that_stays_away_stops_the_run(
    provision, coggno: RunCommand, sandbox: Sandbox, postgres: PostgresServer, url: str
):
    """The same command continues when the database is back."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    with start(write_roster(*people(40)), "--journal", url, "--patience", "1", "--concurrency", "4") as run:
        wait_until(lambda: slow.applied >= 4)
        postgres.stop(signal.SIGQUIT)
        _, errors = run.communicate(timeout=30)
    postgres.start()
    assert run.returncode == 3
    assert "has not responded for" in errors
    assert "Run the same command again" in errors
    assert SECRET not in errors
    assert 0 < len(sandbox.users()) < 40
    sandbox.faults.clear()
    assert provision("people.csv", "--journal", url).code == 0
    assert set(logins_made(sandbox).values()) == {1}
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 40


def test_killed_run_is_waited_for(provision, sandbox: Sandbox, postgres: PostgresServer, url: str):
    """Its lease has not run out yet; a message says why nothing happens."""
    provision(write_roster(ADA), "--journal", url)
    name = url.rpartition("=")[2]
    postgres.execute("UPDATE coggno.journals SET pid = 1, expires = now() + interval '3 s' WHERE name = %s", name)
    ended = provision("people.csv", "--journal", url)
    assert ended.code == 0
    assert "Waiting for the lease of an earlier run to end, which may have been killed.\n" in ended.err
    assert created(sandbox)["createUser"] == 1
