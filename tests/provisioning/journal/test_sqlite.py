"""The file of a SQLite journal: who may use it, what is refused, and what happens when it cannot be written."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap

import pytest

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import SqliteJournal, WriteOutcome, schema
from tests.provisioning.journal.helpers import a_job, a_record, a_write, all_results


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hires.journal"


async def keep(path, rows=1):
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        for line in range(2, 2 + rows):
            journal.record(a_record(line, detail="x" * 40))


async def refusal(path, job=None, **options):
    journal = SqliteJournal(path, **options)
    with pytest.raises(JournalError) as caught:
        await journal.begin(job or a_job())
    await journal.close()
    return str(caught.value)


# The file


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
async def test_file_is_private(path):
    await keep(path)
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        await journal.intend(a_write())
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ["hires.journal", "hires.journal-shm", "hires.journal-wal", "hires.journal.lock"], 0o600
    )


async def test_closed_journal_is_one_file(path):
    await keep(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_empty_file_becomes_a_journal(path):
    """`mktemp` and the like make one."""
    path.touch()
    await keep(path)
    assert path.stat().st_size > 0


async def test_commits_wait_for_the_disk(path):
    settings = {}

    def connect(uri):
        connection = schema.connect(uri)
        settings[uri] = connection
        return connection

    async with SqliteJournal(path, connect=connect) as journal:
        await journal.begin(a_job())
        (connection,) = [each for uri, each in settings.items() if ".part" not in uri]
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_rows_in_progress_share_a_commit(path):
    commits = 0

    class Counting(sqlite3.Connection):
        def execute(self, statement, *values):
            nonlocal commits
            commits += statement == "COMMIT"
            return super().execute(statement, *values)

    def connect(uri):
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, factory=Counting)

    async with SqliteJournal(path, connect=connect) as journal:
        await journal.begin(a_job())
        before = commits
        await asyncio.gather(*(journal.intend(a_write(f"u{number}")) for number in range(500)))
        assert commits - before <= 5


async def test_cancelled_intent_is_forgotten(path):
    """Its request was never sent."""
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        task = asyncio.create_task(journal.intend(a_write()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not await journal.writes()


# Files that are refused


@pytest.mark.parametrize("content", [b"login,password\r\n", b"\0" * 5000, b"SQLite format 3\0" + b"\0" * 5000])
async def test_other_file_is_refused_untouched(path, content):
    path.write_bytes(content)
    assert "is not a journal" in await refusal(path)
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_database_of_another_program_is_refused(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    content = path.read_bytes()
    assert "is not a journal" in await refusal(path)
    assert path.read_bytes() == content


async def test_newer_version_is_refused(path):
    await keep(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    assert "Update coggno" in await refusal(path)


async def test_directory_is_refused(path):
    path.mkdir()
    assert "is not a regular file" in await refusal(path)


async def test_missing_directory_is_reported(tmp_path):
    assert "No such file or directory" in await refusal(tmp_path / "missing" / "hires.journal")


async def test_truncated_journal_is_refused(path):
    await keep(path, rows=2000)
    size = path.stat().st_size
    os.truncate(path, size // 2)
    message = await refusal(path)
    assert "damaged" in message
    assert f"coggno journal recover {path}" in message
    assert path.stat().st_size == size // 2


async def test_overwritten_page_is_noticed(path):
    await keep(path, rows=2000)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(os.urandom(1) * 4096)
    assert "damaged" in await refusal(path)


# One run at a time


async def test_second_run_is_refused(path):
    async with SqliteJournal(path, now=lambda: 0.0) as journal:
        await journal.begin(a_job())
        message = await refusal(path)
    assert f"Another run is using {path}: process {os.getpid()}" in message
    assert "since 1970-01-01" in message or "since 1969-12-31" in message
    await keep(path)


async def test_lock_of_a_dead_run_is_taken_over(path):
    code = f"""
        import asyncio, os
        from coggno.provisioning.journal import SqliteJournal
        from tests.provisioning.journal.helpers import a_job, a_record, a_write

        async def main():
            journal = SqliteJournal({str(path)!r})
            await journal.begin(a_job())
            await journal.intend(a_write())
            journal.record(a_record())  # not committed yet: as if it had never been
            os._exit(1)

        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(code))
    assert await process.wait() == 1
    assert path.with_name("hires.journal.lock").exists()
    async with SqliteJournal(path) as journal:
        state = await journal.begin(a_job())
        assert state.is_resumed
        assert [known.is_open for known in await journal.writes()] == [True]


async def test_damaged_lock_file_refuses_all_the_same(path):
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        path.with_name("hires.journal.lock").write_bytes(b"\xff{")
        assert await refusal(path) == f"Another run is using {path}. Wait until it ends."


# Failures while a run uses it


class Failing(sqlite3.Connection):
    """A connection whose commits fail once `failure` is set."""

    failure = None

    def execute(self, statement, *values):
        if self.failure is not None and statement == "COMMIT":
            raise sqlite3.OperationalError(self.failure)
        return super().execute(statement, *values)


async def failing_journal(path):
    connections = []

    def connect(uri):
        connections.append(
            sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, factory=Failing)
        )
        return connections[-1]

    journal = SqliteJournal(path, connect=connect)
    await journal.begin(a_job())
    return journal, connections[-1]


async def test_failed_commit_sends_nothing(path):
    """All who wait get an error of their own, and everything after it is refused."""
    journal, connection = await failing_journal(path)
    connection.failure = "disk I/O error"
    failures = await asyncio.gather(*(journal.intend(a_write(f"u{n}")) for n in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [JournalError] * 3
    assert len(set(map(id, failures))) == 3
    assert str(failures[0]) == f"The journal {path} cannot be used: disk I/O error."
    connection.failure = None
    with pytest.raises(JournalError):
        await journal.intend(a_write())
    with pytest.raises(JournalError):
        await journal.flush()
    journal.record(a_record())  # is lost without a noise: the request before it has happened, and is reported
    journal.settle(1, WriteOutcome.DONE)
    await journal.close()


async def test_journal_is_sound_after_a_failure(path):
    journal, connection = await failing_journal(path)
    journal.record(a_record())
    await journal.flush()
    connection.failure = "database or disk is full"
    with pytest.raises(JournalError, match="full"):
        await journal.intend(a_write())
    await journal.close()
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        assert len(await all_results(journal)) == 1
        assert not await journal.writes()


async def test_full_disk_is_reported(path):
    """SQLite's own limit of a file's size fails as a full disk does."""

    def connect(uri):
        connection = schema.connect(uri)
        if ".part" not in uri:
            connection.execute("PRAGMA max_page_count = 16")
        return connection

    async with SqliteJournal(path, connect=connect) as journal:
        await journal.begin(a_job())
        with pytest.raises(JournalError, match="disk is full"):
            for number in range(1000):
                await journal.intend(a_write("x" * 500 + str(number)))


LIMITED = """
    import asyncio, resource, sys
    from coggno.provisioning.errors import JournalError
    from coggno.provisioning.journal import SqliteJournal
    from tests.provisioning.journal.helpers import a_job, a_write

    async def main():
        journal = SqliteJournal(sys.argv[1])
        await journal.begin(a_job())
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        kept = 0
        try:
            while True:
                await journal.intend(a_write(f"u{kept}"))
                kept += 1
        except JournalError as error:
            print(kept, error)
        await journal.close()

    asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
async def test_limit_of_the_system_loses_nothing(path):
    """The system refuses to write more: every intent that was confirmed is there afterwards, and no other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(LIMITED), str(path), stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    kept, message = output.decode().split(" ", 1)
    assert f"The journal {path} cannot be used" in message
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        assert len(await journal.writes()) == int(kept) > 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
async def test_read_only_file_is_reported(path):
    await keep(path)
    path.chmod(0o400)
    assert "cannot be used" in await refusal(path)


async def test_writing_to_a_read_only_database_is_reported(path):
    await keep(path)
    message = await refusal(path, connect=lambda uri: schema.connect(uri.replace("mode=rw", "mode=ro")))
    assert "readonly" in message


async def test_cancelled_begin_leaves_no_lock(path):
    """A server whose request is cancelled can use the journal again."""
    for turns in range(8):
        beginning = asyncio.create_task(SqliteJournal(path).begin(a_job()))
        for _ in range(turns):
            await asyncio.sleep(0)
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
    await asyncio.sleep(0.2)  # threads that take a lock now release it
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
