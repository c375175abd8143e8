"""Reading a journal, also while a run uses it."""

import asyncio
import os
import sqlite3
import sys
import textwrap

import pytest

from coggno.provisioning import RowOutcome
from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import JournalReader, SqliteJournal, WriteKind
from tests.provisioning.helpers import HEADER, roster
from tests.provisioning.journal.helpers import SCOPE, a_job, a_record, a_write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hires.journal"


async def test_journal_in_use_can_be_read(path):
    async with SqliteJournal(path, now=lambda: 1000.0) as journal:
        await journal.begin(a_job(settings={"mapping": {"email": "Work"}}))
        await journal.intend(a_write())
        journal.record(a_record())
        await journal.flush()
        with JournalReader(path) as reader:
            assert (reader.holder.pid, reader.holder.since) == (os.getpid(), 1000.0)
            (job,) = reader.jobs()
            assert job.job == a_job(settings={"mapping": {"email": "Work"}})
            assert job.finished is None
            assert job.counts == {RowOutcome.CREATED: 1}
            assert [result.line for result in reader.results(1)] == [2]
            assert len(reader.writes()) == 0


async def test_all_jobs_are_listed(path):
    async with SqliteJournal(path, now=lambda: 1000.0) as journal:
        await journal.begin(a_job())
        journal.record(a_record())
        journal.record(a_record(3, RowOutcome.FAILED))
        await journal.finish()
        await journal.begin(a_job(b"edited"))
        await journal.intend(a_write())
    with JournalReader(path) as reader:
        first, second = reader.jobs()
        assert reader.holder is None
        assert (first.finished, first.recorded, second.finished, second.recorded) == (1000.0, 2, None, 0)
        assert [result.line for result in reader.results(1)] == [2, 3]
        assert first.job.scope == SCOPE
        assert [known.write for known in reader.writes()] == [a_write()]


async def test_journal_of_a_killed_run_can_be_read(path):
    """What it had committed is in the `-wal` file only; its lock file is left over."""
    code = f"""
        import asyncio, os
        from coggno.provisioning.journal import SqliteJournal
        from tests.provisioning.journal.helpers import a_job, a_record

        async def main():
            journal = SqliteJournal({str(path)!r})
            await journal.begin(a_job())
            journal.record(a_record())
            await journal.flush()
            os._exit(1)

        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(code))
    await process.wait()
    assert path.with_name("hires.journal-wal").stat().st_size > 0
    with JournalReader(path) as reader:
        assert reader.holder is None
        assert len(list(reader.results(1))) == 1


async def test_results_are_joined_to_the_rows(path):
    """A row whose request was on its way is `unknown`; one that nothing was sent for is not."""
    rows = roster(HEADER + "".join(f"A,B,u{number}@example.com,s3cret-word,\n" for number in range(4))).rows
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        journal.record(a_record(5))
        journal.record(a_record(2))
        journal.record(a_record(99))
        journal.record(a_record(0))
        await journal.intend(a_write("u2@example.com", line=4))
    with JournalReader(path) as reader:
        results = {row.line: result for row, result in reader.joined(rows, 1)}
    assert {line: (result.outcome.value, result.not_attempted) for line, result in results.items()} == {
        2: ("created", False),
        3: ("failed", True),
        4: ("unknown", False),
        5: ("created", False),
    }


async def test_removals_in_doubt_are_among_the_removed(path):
    """A process that dies during a deletion must not hide it."""
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        journal.record(a_record(2))
        journal.record(a_record(0, RowOutcome.DELETED, user_id=8, digest=None))
        for attempt in (1, 2):
            await journal.intend(a_write("bob", WriteKind.DELETE_USER, name="Bob", before=[9], attempt=attempt))
    with JournalReader(path) as reader:
        assert [(each.login, each.outcome.value, each.user_id) for each in reader.removed(1)] == [
            ("Ada@example.com", "deleted", 8),
            ("Bob", "unknown", 9),
        ]
        (job,) = reader.jobs()
        assert (job.recorded, dict(job.removed)) == (1, {RowOutcome.DELETED: 1})


async def test_removals_of_one_person_from_two_groups(path):
    """One has a result, and the process dies during the other two."""
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        for group in (1, 2, 3):
            await journal.intend(a_write(kind=WriteKind.REMOVE_MEMBER, group_id=group, name="Ada@example.com"))
        journal.record(a_record(0, RowOutcome.LEFT, digest=None, group_id=1))
        journal.record(a_record(0, RowOutcome.UNKNOWN, digest=None, group_id=2))
    with JournalReader(path) as reader:
        assert [each.outcome.value for each in reader.removed(1)] == ["left", "unknown", "unknown"]


async def test_writes_of_another_roster_are_not_this_one(path):
    """The lines of an earlier roster mean nothing in this one."""
    rows = roster(HEADER + "A,B,new@example.com,s3cret-word,\n").rows
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        await journal.intend(a_write("old@example.com", line=2))
        await journal.begin(a_job(b"edited"))
    with JournalReader(path) as reader:
        ((_, result),) = reader.joined(rows, 2)
    assert result.not_attempted


async def test_newer_journal_is_refused_and_closed(path):
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="has version 99"):
        JournalReader(path)


def test_missing_journal_is_reported_and_not_made(path):
    with pytest.raises(JournalError, match="There is no journal"):
        JournalReader(path)
    assert not path.exists()


async def test_damage_is_reported(path):
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        for line in range(2, 2000):
            journal.record(a_record(line, detail="x" * 40))
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xaa" * 4096)
    with JournalReader(path) as reader:
        for read in (reader.jobs, lambda: list(reader.results(1))):
            with pytest.raises(JournalError, match="coggno journal recover"):
                read()


async def test_truncation_is_reported(path):
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(JournalError, match="coggno journal recover"):
        JournalReader(path)


def test_other_file_is_refused(path):
    sqlite3.connect(path).close()
    path.write_bytes(b"a,b\r\n")
    with pytest.raises(JournalError, match="is not a journal"):
        JournalReader(path)
