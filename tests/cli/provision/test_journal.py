"""The journal of a run: the same command continues after any death, and does nothing twice."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from coggno.cli.provision.journal_file import recorded_removals
from coggno.provisioning import RowOutcome, RowResult, SqliteJournal
from coggno.provisioning.journal import Job, JournalScope, Write, WriteKind
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import ADA, GRACE, INVALID, RunCommand, people, read_table, write_roster
from tests.cli.provision.helpers import created, file_names
from tests.cli.provision.test_interrupted import logins_made, start, wait_until


def test_journal_is_beside_the_results(provision):
    """Readable for its owner only; nothing else is left."""
    provision(write_roster(ADA), "--results", "march.csv")
    assert file_names() == ["march.csv", "march.journal", "people.csv"]
    assert Path("march.journal").stat().st_mode & 0o777 == 0o600
    assert b"difference-engine" not in Path("march.journal").read_bytes()


def test_journal_can_be_elsewhere_or_nowhere(provision):
    Path("kept").mkdir()
    provision(write_roster(ADA), "--journal", "kept/my.db")
    assert file_names("kept") == ["my.db"]
    provision(write_roster(GRACE, name="april.csv"), "--no-journal")
    assert not list(Path().glob("*.journal"))


def test_finished_roster_needs_no_request(provision, sandbox: Sandbox):
    """What a row has become stays what it has become."""
    provision(write_roster(ADA, GRACE, *people(1)))
    before = sandbox.requests.total
    ended = provision("people.csv", "--json")
    assert (ended.code, sandbox.requests.total) == (0, before)
    assert "3 of 3 rows were done by an earlier run.\n" in ended.err
    assert ended.json[0]["done_earlier"] == ended.json[-1]["done_earlier"] == 3
    assert ended.json[-1]["outcomes"] == {"created": 3}
    assert sum(event["event"] == "row" for event in ended.json) == 3
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 3
    assert "3 rows were done by an earlier run; --recheck compares them again." in provision("people.csv").out


def test_recheck_compares_with_the_server(provision, sandbox: Sandbox):
    provision(write_roster(ADA, GRACE))
    before = sandbox.requests.total
    ended = provision("people.csv", "--recheck")
    assert ended.code == 0
    assert sandbox.requests.total > before
    assert created(sandbox)["createUser"] == 2
    assert "earlier run" not in ended.out


def test_no_journal_compares_with_the_server(provision, sandbox: Sandbox):
    provision(write_roster(ADA, GRACE), "--no-journal")
    assert "2 already existing" in provision("people.csv", "--no-journal").out
    assert created(sandbox)["createUser"] == 2


def test_edited_roster_keeps_what_is_done(provision, sandbox: Sandbox):
    """Unchanged rows are not sent again, wherever they are now."""
    provision(write_roster(ADA, GRACE, INVALID))
    ended = provision(write_roster(INVALID.replace("alan.", "alan@").replace("abc", "bombe-1940"), GRACE, ADA))
    assert ended.code == 0
    assert "2 of 3 rows were done by an earlier run.\n" in ended.err
    assert created(sandbox)["createUser"] == 3
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 3
    assert file_names() == ["people.csv", "results.csv", "results.journal"]


def test_another_roster_has_its_own_journal(provision):
    provision(write_roster(ADA, name="march.csv"))
    before = Path("results.journal").read_bytes()
    provision(write_roster(GRACE, name="april.csv"))
    assert file_names() == [
        "april.csv",
        "march.csv",
        "results-2.csv",
        "results-2.journal",
        "results.csv",
        "results.journal",
    ]
    assert Path("results.journal").read_bytes() == before


def test_journal_alone_is_kept_too(provision):
    """After a run that was killed before it had results."""
    provision(write_roster(ADA, name="march.csv"))
    Path("results.csv").unlink()
    ended = provision(write_roster(GRACE, name="april.csv"))
    assert "results.journal is the journal of another roster, and is kept." in ended.err
    assert [row["roster"] for row in read_table("results-2.csv")] == ["april.csv"]


def test_another_company_has_its_own_files(provision, sandbox: Sandbox):
    """One file for two companies: neither the ids nor the results of one are taken for those of the other."""
    company = sandbox.seed_company(name="Acme")
    provision(write_roster(ADA))
    ended = provision(write_roster(GRACE), "--company", str(company.id))
    assert "results.journal is the journal of another company or server, and is kept." in ended.err
    assert {"results-2.csv", "results-2.journal"} <= set(file_names())
    assert "earlier run" not in ended.err
    again = provision("people.csv", "--company", str(company.id))
    assert "1 of 1 row was done by an earlier run.\n" in again.err


def test_wrong_company_for_a_given_journal_is_refused(provision, sandbox: Sandbox):
    company = sandbox.seed_company(name="Acme")
    provision(write_roster(ADA), "--journal", "my.journal")
    before = sandbox.effects
    ended = provision("people.csv", "--journal", "my.journal", "--company", str(company.id))
    assert ended.code == 2
    assert "belongs to the company of the key" in ended.err
    assert "company " + str(company.id) in ended.err
    assert sandbox.effects == before


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--journal", "x.journal", "--no-journal"], "contradict each other"),
        (["--journal", "people.csv"], "the same file"),
        (["--journal", "results.csv"], "the same file"),
        (["--journal", "no/such/my.journal"], "cannot be written"),
        (["--journal", "notes.txt"], "notes.txt"),
    ],
)
def test_unusable_journal_ends_before_anything_is_sent(provision, sandbox: Sandbox, arguments, hint):
    Path("notes.txt").write_text("precious")
    ended = provision(write_roster(ADA), *arguments)
    assert ended.code == 2
    assert hint in ended.err
    assert sandbox.effects == ()
    assert Path("notes.txt").read_text() == "precious"


def test_dry_run_and_sandbox_keep_no_journal(provision):
    provision(write_roster(ADA), "--dry-run")
    provision("people.csv", "--sandbox", "--results", "trial.csv")
    assert file_names() == ["people.csv", "results.csv", "trial.csv"]


@pytest.mark.usefixtures("address")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_run_continues(provision, coggno, sandbox: Sandbox):
    """Nothing is done twice, what was created stays `created`, and the journal has the results in between."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    with start(write_roster(*people(60)), "--concurrency", "4") as run:
        wait_until(lambda: slow.applied >= 20)
        run.kill()
        run.wait()
    sandbox.faults.remove(slow)
    (mark,) = read_table("results.csv")
    assert mark["outcome"] == "unknown"
    ended = coggno("journal", "results", "results.journal")
    assert ended.code == 0
    between = Counter(row["outcome"] for row in read_table("results.csv"))
    assert between.total() == 60 + 1  # the note that the run has not ended
    assert between["created"] > 0
    assert "Outcome of every row: results.csv" in ended.out
    ended = provision("people.csv")
    assert ended.code == 0
    assert " of 60 rows were done by an earlier run.\n" in ended.err
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 60
    assert set(logins_made(sandbox).values()) == {1}
    assert len(logins_made(sandbox)) == 60
    assert created(sandbox)["createGroup"] == 1


@pytest.mark.usefixtures("address")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_two_runs_at_once(provision, sandbox: Sandbox):
    """The second is refused, and says who uses the journal."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.2"))
    with start(write_roster(*people(20)), "--concurrency", "2") as run:
        wait_until(lambda: slow.applied >= 1)
        ended = provision("people.csv")
        assert ended.code == 2
        assert str(run.pid) in ended.err
        sandbox.faults.remove(slow)
        assert run.wait(30) == 0
    assert set(logins_made(sandbox).values()) == {1}


def test_full_disk_under_the_journal_stops_the_run(provision, sandbox: Sandbox, monkeypatch):
    """No request is sent whose intent could not be kept."""
    from coggno.provisioning import JournalError, SqliteJournal

    async def full(*_):
        raise JournalError("The journal cannot be written: No space left on device.")

    monkeypatch.setattr(SqliteJournal, "intend", full)
    ended = provision(write_roster(ADA, GRACE))
    assert ended.code == 3
    assert "No space left on device" in ended.err
    assert sandbox.effects == ()
    assert os.path.exists("results.csv")


def test_journal_that_cannot_be_written_at_the_end(provision, sandbox: Sandbox, monkeypatch):
    """Accounts have changed, so this is no run that could not begin; what is known is written all the same."""
    from coggno.provisioning import JournalError, SqliteJournal

    flush = SqliteJournal.flush

    async def full(journal: SqliteJournal):
        if "createUser" in created(sandbox):
            raise JournalError("The journal cannot be written: No space left on device.")
        await flush(journal)

    monkeypatch.setattr(SqliteJournal, "flush", full)
    ended = provision(write_roster(ADA, GRACE))
    assert ended.code == 3
    assert "No space left on device. Run the same command again to continue." in ended.err
    assert len(read_table("results.csv")) == 2


def test_continued_run_reports_each_row_once(provision, sandbox: Sandbox):
    """Rows that the check refuses, and rows merged with one that is done, are in no count twice."""
    clash = [GRACE, GRACE.replace("Hopper", "Other")]
    sandbox.faults.add(parse_fault("createUser:status=401,skip=8"))
    first = people(20)
    roster = write_roster(*first, first[0], *clash, INVALID)
    assert provision(roster).code == 3
    sandbox.faults.clear()
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.4"))
    ended = provision(roster, "--json", "--concurrency", "2")
    sandbox.faults.remove(slow)
    rows = Counter(event["line"] for event in ended.json if event["event"] == "row")
    assert sorted(rows) == list(range(2, 26))
    assert set(rows.values()) == {1}
    assert ended.json[0]["done_earlier"] == 8
    done = [event["done"] for event in ended.json if event["event"] == "progress"]
    assert done == sorted(done)
    assert all(8 <= number <= 24 for number in done)
    assert any(number < 24 for number in done)
    assert ended.json[-1]["outcomes"] == {"created": 20, "refused": 2, "duplicate": 1, "invalid": 1}


def test_another_key_does_not_continue(provision, sandbox: Sandbox, monkeypatch):
    """It may be of another account, where nothing is done yet; --recheck accepts a new key of the same one."""
    provision(write_roster(ADA))
    sandbox.seed_account("test_another_account")
    monkeypatch.setenv("COGGNO_API_KEY", "test_another_account")
    ended = provision(write_roster(GRACE))
    assert "results.journal is the journal of another API key" in ended.err
    assert "earlier run" not in ended.err
    assert "results-2.journal" in file_names()


def test_rejected_key_leaves_no_journal(provision, sandbox: Sandbox, monkeypatch):
    """It would take the name from the next run."""
    monkeypatch.setenv("COGGNO_API_KEY", "test_wrong")
    assert provision(write_roster(ADA)).code == 1
    assert file_names() == ["people.csv"]


def test_ended_run_leaves_one_file_whoever_reads_it(provision, coggno: RunCommand):
    provision(write_roster(ADA))
    coggno("journal", "show", "results.journal")
    provision(write_roster(GRACE, name="april.csv"))
    assert [name for name in file_names() if "results.journal" in name] == ["results.journal"]


def test_empty_password_file_is_not_left(provision, sandbox: Sandbox):
    """Nor named: everybody existed already."""
    provision(write_roster(ADA))
    ended = provision("people.csv", "--generate-passwords", "new.csv")
    assert "Generated passwords" not in ended.out
    assert "new.csv" not in file_names()


def test_removal_that_could_not_be_noted_has_one_result(tmp_path: Path):
    """The disk was full after the request: the run knows more than its journal."""
    path = tmp_path / "results.journal"

    async def run() -> None:
        async with SqliteJournal(path) as journal:
            scope = JournalScope(address="http://localhost")
            await journal.begin(Job(scope=scope, roster="people.csv", digest=b"", rows=1))
            for user_id, login in ((7, "bob"), (8, "dora")):
                await journal.intend(Write(kind=WriteKind.DELETE_USER, key=login, name=login, before=[user_id]))

    asyncio.run(run())
    deleted = RowResult(line=0, login="bob", outcome=RowOutcome.DELETED, user_id=7)
    stays = RowResult(line=0, login="dora", outcome=RowOutcome.REFUSED, user_id=8, detail="in another group")
    found = [(each.login, each.outcome.value) for each in recorded_removals(path, [deleted, stays])]
    assert found == [("dora", "unknown"), ("bob", "deleted"), ("dora", "refused")]
