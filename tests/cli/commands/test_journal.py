"""`coggno journal`: what it shows and writes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import attrs
import pytest

from coggno.provisioning import RowOutcome, read_roster
from coggno.provisioning.journal import Job, JournalScope, RowRecord, SqliteJournal, Write, WriteKind
from tests.cli.helpers import ADA, GRACE, RunCommand, people, read_table, write_roster

JOURNAL = "results.journal"
PEOPLE = [ADA, GRACE, *people(2)]


async def leave_a_run(journal: SqliteJournal) -> None:
    """A run of four rows that was killed: one is done, one has failed, one was in progress."""
    roster = read_roster(write_roster(*PEOPLE))
    scope = JournalScope(address="http://localhost", company="7")
    await journal.begin(Job(scope=scope, roster=roster.name, digest=roster.digest, rows=4))
    first, second, third, _ = roster.rows
    journal.record(RowRecord(result=first.result(RowOutcome.CREATED, user_id=17), digest=first.digest))
    journal.record(RowRecord(result=second.result(RowOutcome.FAILED, "=broken"), digest=second.digest))
    assert third.person is not None
    await journal.intend(Write(kind=WriteKind.CREATE_USER, key=third.person.key, line=third.line))
    await journal.intend(Write(kind=WriteKind.CREATE_GROUP, key="navy", name="Navy"))
    await journal.intend(Write(kind=WriteKind.ADD_MEMBER, key="ada@example.com", group_id=3, line=2))


@pytest.fixture
def killed_run() -> None:
    async def run() -> None:
        async with SqliteJournal(JOURNAL, now=lambda: 1000.0) as journal:
            await leave_a_run(journal)

    asyncio.run(run())


# show


@pytest.mark.usefixtures("killed_run")
def test_show_names_runs_and_doubts(coggno: RunCommand):
    ended = coggno("journal", "show", JOURNAL)
    assert (ended.code, ended.err) == (0, "")
    assert "results.journal: company 7 at http://localhost\nNo run uses it now." in ended.out
    assert "2 of 4 rows  1 created, 1 failed" in ended.out
    assert "3 writes in doubt" in ended.out
    assert "create group  Navy" in ended.out
    assert "add member    ada@example.com, group 3" in ended.out


@pytest.mark.usefixtures("killed_run")
def test_show_as_json(coggno: RunCommand):
    (shown,) = coggno("journal", "show", JOURNAL, "--json").json
    assert shown["address"] == "http://localhost"
    assert shown["company"] == "7"
    assert shown["holder"] is None
    (job,) = shown["jobs"]
    assert (job["rows"], job["recorded"], job["counts"]) == (4, 2, {"created": 1, "failed": 1})
    assert (job["begun"], job["finished"]) == ("1970-01-01T00:16:40.000+00:00", None)
    assert [write["write"] for write in shown["open_writes"]] == ["create_user", "create_group", "add_member"]


def test_show_names_the_run_that_uses_it(coggno: RunCommand):
    async def run() -> str:
        async with SqliteJournal(JOURNAL) as journal:
            await leave_a_run(journal)
            return (await asyncio.to_thread(coggno, "journal", "show", JOURNAL)).out

    assert f"In use by process {os.getpid()}" in asyncio.run(run())


def test_missing_journal_is_one_sentence(coggno: RunCommand):
    ended = coggno("journal", "show", JOURNAL)
    assert (ended.code, ended.out, ended.err) == (2, "", "Error: There is no journal results.journal.\n")


def test_other_file_is_not_shown(coggno: RunCommand):
    ended = coggno("journal", "show", write_roster(ADA))
    assert ended.code == 2
    assert "people.csv is not a journal" in ended.err


# results


@pytest.mark.usefixtures("killed_run")
def test_results_of_a_killed_run(coggno: RunCommand):
    ended = coggno("journal", "results", JOURNAL)
    assert ended.code == 0
    assert ended.out == (
        "4 rows: 1 created, 1 failed, 1 unknown, 1 not attempted\n"
        "Not all is done: this run has not ended, or was killed; run the same command again to continue it.\n"
        "Outcome of every row: results.csv\n"
        "Rows that are not done: failed.csv (3 rows)\n"
    )
    *rows, note = read_table("results.csv")
    assert (note["line"], note["outcome"]) == ("", "unknown")
    assert "this run has not ended" in note["detail"]
    assert [(row["line"], row["outcome"], row["email"]) for row in rows] == [
        ("2", "created", "ada@example.com"),
        ("3", "failed", "grace@example.com"),
        ("4", "unknown", "user0@example.com"),
        ("5", "failed", "user1@example.com"),
    ]
    assert [row["detail"] for row in rows[1:]] == [
        "'=broken",
        "in progress when the run ended; run the same command again to find out",
        "not attempted: the run ended before",
    ]
    assert [row["email"] for row in read_table("failed.csv")] == [row["email"] for row in rows[1:]]
    assert "difference-engine" not in Path("results.csv").read_text() + Path("failed.csv").read_text()


@pytest.mark.usefixtures("killed_run")
def test_roster_may_have_moved(coggno: RunCommand):
    Path("people.csv").rename("moved.csv")
    ended = coggno("journal", "results", JOURNAL, "--roster", "moved.csv", "--results", "hires.csv")
    assert ended.code == 0
    assert len(read_table("hires.csv")) == 4 + 1


@pytest.mark.usefixtures("killed_run")
@pytest.mark.parametrize("is_changed", [True, False])
def test_results_without_the_roster(coggno: RunCommand, is_changed):
    """What the journal itself knows is written, and the file of rows to run again is not made up."""
    if is_changed:
        Path("people.csv").write_text(Path("people.csv").read_text() + ADA)
    else:
        Path("people.csv").unlink()
    ended = coggno("journal", "results", JOURNAL)
    assert ended.code == 0
    assert "without its columns" in ended.out
    *rows, _ = read_table("results.csv")
    assert [(row["outcome"], row["login"]) for row in rows] == [
        ("created", "ada@example.com"),
        ("failed", "grace@example.com"),
    ]
    assert not Path("failed.csv").exists()


@pytest.mark.usefixtures("killed_run")
def test_wrong_roster_is_refused(coggno: RunCommand):
    other = write_roster(ADA, name="other.csv")
    ended = coggno("journal", "results", JOURNAL, "--roster", other)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "Error: other.csv is not the roster of this run: it has changed, or is another file.\n"
    assert not Path("results.csv").exists()


@pytest.mark.usefixtures("killed_run")
def test_foreign_file_is_not_overwritten(coggno: RunCommand):
    Path("results.csv").write_text("mine")
    ended = coggno("journal", "results", JOURNAL)
    assert ended.code == 2
    assert Path("results.csv").read_text() == "mine"


# recover


@pytest.mark.usefixtures("killed_run")
def test_recovered_journal_continues(coggno: RunCommand):
    size = Path(JOURNAL).stat().st_size
    os.truncate(JOURNAL, size - 4096)
    assert coggno("journal", "show", JOURNAL).err.endswith("coggno journal recover results.journal\n")
    ended = coggno("journal", "recover", JOURNAL)
    assert ended.code == 0
    assert ended.out == "results-recovered.journal has 2 results and 3 unfinished writes.\n"
    assert ended.err.endswith("Continue the run with: --journal results-recovered.journal\n")
    assert coggno("journal", "show", "results-recovered.journal").code == 0


@pytest.mark.usefixtures("killed_run")
def test_recovery_overwrites_nothing(coggno: RunCommand):
    ended = coggno("journal", "recover", JOURNAL, "--to", "people.csv")
    assert (ended.code, ended.err) == (2, "Error: people.csv exists. Give the name of a file that does not.\n")


def test_settings_of_the_roster_are_used_again(coggno: RunCommand):
    """A group for everybody, for example, is part of what the run had to do."""
    roster = read_roster(write_roster(*PEOPLE))
    scope = JournalScope(address="http://localhost")
    job = Job(scope=scope, roster="people.csv", digest=roster.digest, rows=4)

    async def run() -> None:
        async with SqliteJournal(JOURNAL) as journal:
            await journal.begin(attrs.evolve(job, settings={"delimiter": ","}))

    asyncio.run(run())
    assert coggno("journal", "results", JOURNAL).out.startswith("4 rows: 4 not attempted")


@pytest.mark.usefixtures("killed_run")
def test_results_of_an_earlier_run(coggno: RunCommand):
    """Its roster was edited since; the results of the last run stay."""

    async def edited() -> None:
        async with SqliteJournal(JOURNAL) as journal:
            roster = read_roster(write_roster(ADA))
            scope = JournalScope(address="http://localhost", company="7")
            await journal.begin(Job(scope=scope, roster=roster.name, digest=roster.digest, rows=1))
            journal.record(RowRecord(result=next(iter(roster.rows)).result(RowOutcome.EXISTS, user_id=17)))
            await journal.finish()

    asyncio.run(edited())
    assert coggno("journal", "results", JOURNAL).out.startswith("1 row: 1 already existing")
    ended = coggno("journal", "results", JOURNAL, "--run", "1", "--results", "first.csv")
    assert ended.code == 0, ended.err
    assert "Not all is done: this run was killed or stopped, and another one" in ended.out
    assert [row["outcome"] for row in read_table("first.csv")] == ["created", "failed", "unknown"]
    assert [row["outcome"] for row in read_table("results.csv")] == ["exists"]
    for run, message in (("1", "with --results"), ("3", "There is no run 3 in this journal: it has 2 runs.")):
        ended = coggno("journal", "results", JOURNAL, "--run", run)
        assert ended.code == 2
        assert message in ended.err
