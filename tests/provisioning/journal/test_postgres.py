"""What only a journal in PostgreSQL does: leases, outages of the database, versions of its tables."""

import asyncio
import os
import signal
import socket
from uuid import uuid4

import pytest

from coggno.provisioning import RowOutcome, StoppedError, apply_plan, make_plan
from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import (
    PostgresJournal,
    PostgresReader,
    SavedPlan,
    SavedUser,
    WriteKind,
    WriteOutcome,
)
from coggno.provisioning.journal.postgres import lease, schema
from coggno.provisioning.options import RunOptions
from tests.provisioning.helpers import HEADER, KEY, broken, client_of, roster
from tests.provisioning.journal.helpers import SCOPE, a_job, a_record, a_write, all_results

SECRET = "difference-engine"


@pytest.fixture
def url(postgres):
    return postgres.url(journal=uuid4())


@pytest.fixture
async def journal(url):
    async with PostgresJournal(url, lease=1.0) as journal:
        await journal.begin(a_job())
        yield journal


@pytest.fixture
def database(postgres):
    """Name of a database without tables."""
    name = f"test_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def expire(postgres, url):
    """What happens when the clock of the database reaches the end of a lease."""
    name = url.rpartition("=")[2]
    postgres.execute("UPDATE coggno.journals SET expires = now() - interval '1 s' WHERE name = %s", name)


def kept_writes(url):
    with PostgresReader(url) as reader:
        return [known.write.key for known in reader.writes()]


async def renewed_soon(journal):
    await asyncio.sleep(0.2)
    await journal.flush()


# Leases


async def test_second_run_is_refused(url, journal):
    with pytest.raises(JournalError, match="Another run is using") as caught:
        await PostgresJournal(url).begin(a_job())
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(caught.value)


async def test_dead_run_is_waited_for(url):
    """Its lease runs out, as nobody renews it."""
    dead = PostgresJournal(url, lease=1.0)
    await dead.begin(a_job())
    await dead.intend(a_write())
    dead._writer._task.cancel()
    waited = []

    async def sleep(seconds):
        waited.append(journal.waiting.reason)
        await asyncio.sleep(seconds)

    async with PostgresJournal(url, sleep=sleep) as journal:
        assert (await journal.begin(a_job())).is_resumed
        assert "lease of an earlier run" in waited[0]
        assert journal.waiting is None
        assert [known.is_open for known in await journal.writes()] == [True]
    await dead._writer._disconnect()


async def test_idle_run_keeps_its_lease(url, journal):
    await asyncio.sleep(1.5)
    with pytest.raises(JournalError, match="Another run is using"):
        await PostgresJournal(url).begin(a_job())
    await journal.intend(a_write())


async def test_run_that_was_taken_over_commits_nothing(postgres, url):
    """Two runs believe that they hold one lease: the first one is fenced off, whatever it writes."""
    first = PostgresJournal(url, lease=300.0)
    await first.begin(a_job())
    known = await first.intend(a_write("before"))
    expire(postgres, url)
    async with PostgresJournal(url, lease=300.0) as second:
        await second.begin(a_job())
        await second.intend(a_write("second"))
        first.settle(known, WriteOutcome.DONE, 17)
        first.record(a_record(key="before"))
        with pytest.raises(JournalError, match="taken over") as caught:
            await first.intend(a_write("late"))
        assert f"process {os.getpid()}" in str(caught.value)
        for forbidden in (first.flush, first.finish, lambda: first.save_plan(SavedPlan(groups=[], users=[]))):
            with pytest.raises(JournalError, match="taken over"):
                await forbidden()
        assert kept_writes(url) == ["before", "second"]
        assert [known.outcome for known in await second.writes()] == [None, None]
        await first.close()  # does not give away what is the other's
        with pytest.raises(JournalError, match="Another run is using"):
            await asyncio.gather(PostgresJournal(url).begin(a_job()), renewed_soon(second))
        assert not await all_results(second)


async def test_lease_that_nobody_took_goes_on(postgres, url, journal):
    """The database was gone for longer than a lease, for everybody."""
    expire(postgres, url)
    await journal.intend(a_write())
    assert kept_writes(url) == ["ada@example.com"]


async def test_intent_of_a_machine_that_slept_is_renewed(url):
    """It slept after the commit: until the lease is known to be valid, nothing is sent."""
    async with PostgresJournal(url, lease=30.0, clock=lambda: 0.0) as journal:
        await journal.begin(a_job())
        writer = journal._writer
        before, commits = writer._valid_until, []
        attempt = writer._attempt

        async def counted(function):
            result = await attempt(function)
            commits.append(function)
            if len(commits) == 1:
                writer._valid_until = -1.0
            return result

        writer._attempt = counted
        await journal.intend(a_write())
        assert len(commits) == 2
        assert writer._valid_until == before


# Creating groups


async def no_wait(_):
    raise AssertionError("waits for another run")


async def entered(journal, sleep=no_wait, company="7"):
    """Enter the lock and stay in it."""
    lock = journal.group_lock("http://localhost", company, sleep=sleep)
    await lock.__aenter__()
    return lock


@pytest.fixture
async def pair(postgres):
    """Two runs with a journal each."""
    async with (
        PostgresJournal(postgres.url(journal=uuid4()), settle_time=0) as one,
        PostgresJournal(postgres.url(journal=uuid4()), settle_time=0) as two,
    ):
        yield one, two


async def begun(pair):
    for journal in pair:
        await journal.begin(a_job())
    return pair


async def test_one_run_creates_groups_at_a_time(pair):
    one, two = await begun(pair)
    lock, waited = await entered(one), []

    async def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            await lock.__aexit__(None, None, None)

    await (await entered(two, company="8")).__aexit__(None, None, None)
    await (await entered(two, sleep)).__aexit__(None, None, None)
    assert len(waited) >= 3
    await two.flush()
    await (await entered(one)).__aexit__(None, None, None)


async def test_groups_of_a_dead_run_are_free(postgres, pair):
    """It may believe that it still has the right: it sends nothing more."""
    one, two = await begun(pair)
    held = await entered(one)
    await one.intend(a_write("office", kind=WriteKind.CREATE_GROUP))
    expire(postgres, str(one.url))
    lock = await entered(two)
    with pytest.raises(JournalError, match="Another run has begun to create groups"):
        await one.intend(a_write("dock", kind=WriteKind.CREATE_GROUP))
    assert kept_writes(one.url) == ["office"]
    await two.intend(a_write("dock", kind=WriteKind.CREATE_GROUP))
    for each in (held, lock):
        await each.__aexit__(None, None, None)


async def test_group_of_a_dead_run_is_waited_for(postgres, pair):
    """No list shows it while the server is still at it: for the settle time nobody creates groups."""
    one, two = await begun(pair)
    postgres.execute("DELETE FROM coggno.writes")  # those of other tests are in doubt as well
    two._writer._locks.settle_time = 60.0
    held = await entered(one)
    known = await one.intend(a_write("office", kind=WriteKind.CREATE_GROUP))
    expire(postgres, str(one.url))
    waited = []

    async def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 2:
            async with PostgresJournal(one.url) as resumed:
                await resumed.begin(a_job())
                resumed.settle(known, WriteOutcome.DONE, 17)

    lock = await entered(two, sleep)
    assert len(waited) == 2
    for each in (held, lock):
        await each.__aexit__(None, None, None)


async def test_two_runs_make_each_group_once(pair):
    """Two processes would be kept apart on one machine; here only the database does."""
    sandbox = broken("createGroup:latency=0.05,after")
    people = HEADER + "".join(f"A,B,u{number}@example.com,s3cret-word,Team {number}\n" for number in range(12))

    async def run(journal):
        async with client_of(sandbox) as coggno:
            options = RunOptions(journal=journal)
            plan = await make_plan(coggno, roster(people), options)
            return [result.outcome async for result in apply_plan(coggno, plan, options)]

    for outcomes in await asyncio.gather(*map(run, pair)):
        assert set(outcomes) <= {RowOutcome.CREATED, RowOutcome.EXISTS, RowOutcome.JOINED}
    assert sorted(group.name for group in sandbox.groups()) == sorted(f"Team {number}" for number in range(12))
    assert len(sandbox.users()) == 12


# Commits


async def test_many_intents_share_a_commit(postgres, url, journal):
    def transactions():
        return postgres.execute("SELECT pg_current_xact_id()::text::bigint")[0][0]

    before = transactions()
    for _ in range(5):
        await asyncio.gather(*(journal.intend(a_write(f"u{number}")) for number in range(200)))
    assert transactions() - before < 20
    assert len(kept_writes(url)) == 1000


async def test_every_commit_reaches_the_disk(postgres, database):
    """Also where the database does not wait by default."""
    postgres.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
    async with PostgresJournal(postgres.url(database=database)) as journal:
        await journal.begin(a_job())
        setting = await journal._writer._connection.execute("SHOW synchronous_commit")
        assert await setting.fetchone() == ("on",)


async def test_journals_of_one_database_are_apart(postgres):
    urls = [postgres.url(journal=f"{uuid4()} of {name}".replace(" ", "%20")) for name in ("one", "two")]
    async with PostgresJournal(urls[0]) as one, PostgresJournal(urls[1]) as two:
        await one.begin(a_job())
        await two.begin(a_job(digest=b"other"))
        one.record(a_record(user_id=17))
        await one.save_plan(SavedPlan(groups=[], users=[SavedUser(line=2, user_id=1, missing=["Office"])]))
        assert await one.intend(a_write()) == 1
        assert (await all_results(two), await two.writes(), await two.saved_plan()) == ([], [], None)
        assert len((await one.saved_plan()).users) == 1


# Outages


async def test_restart_of_the_database_is_waited_out(postgres, url, journal):
    postgres.stop(signal.SIGQUIT)
    waiting = [asyncio.create_task(journal.intend(a_write(f"u{number}"))) for number in range(50)]
    journal.record(a_record())
    await asyncio.sleep(1.2)
    assert not any(task.done() for task in waiting)
    assert "database" in journal.waiting.reason
    await asyncio.to_thread(postgres.start)
    assert sorted(await asyncio.gather(*waiting)) == list(range(1, 51))
    assert journal.waiting is None
    assert len(kept_writes(url)) == 50
    assert [result.outcome for result in await all_results(journal)] == [RowOutcome.CREATED]


async def test_commit_whose_confirmation_was_lost(url, journal):
    """It is carried out again, and changes nothing."""
    attempt, lost = journal._writer._attempt, []

    async def losing(function):
        import psycopg

        result = await attempt(function)
        if not lost:
            lost.append(function)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return result

    journal.settle(await journal.intend(a_write("before")), WriteOutcome.DONE, 17)
    await journal.flush()
    journal._writer._attempt = losing
    journal.record(a_record(key="before", digest=b"ada"))
    await journal.intend(a_write("ada"))
    assert lost
    assert kept_writes(url) == ["ada"]
    assert len(await all_results(journal)) == 1


@pytest.fixture
def gone(postgres):
    """A database that stops, and is back after the test."""
    yield lambda: postgres.stop(signal.SIGQUIT)
    postgres.start()


async def test_patience_ends(url, gone):
    journal = PostgresJournal(url, patience=1.0)
    await journal.begin(a_job())
    gone()
    with pytest.raises(JournalError, match="has not responded for") as caught:
        await journal.intend(a_write())
    assert url.partition("?")[0] in str(caught.value)
    await journal.close()


async def test_close_does_not_wait_for_long(url, gone, monkeypatch):
    monkeypatch.setattr("coggno.provisioning.journal.postgres.writer._LAST_WAIT", 0.6)
    journal = PostgresJournal(url)
    await journal.begin(a_job())
    gone()
    journal.record(a_record())
    async with asyncio.timeout(10):
        await journal.close()


async def test_database_that_is_not_there_is_reported_at_once(tmp_path):
    journal = PostgresJournal(f"postgresql://ada:{SECRET}@/postgres?host={tmp_path}")
    with pytest.raises(JournalError, match="cannot be used") as caught:
        await journal.begin(a_job())
    assert SECRET not in str(caught.value)
    assert "***" in str(caught.value)


async def test_run_goes_on_after_a_restart(postgres, url):
    """No request without an intent that is committed: while the database is gone, nothing that changes is sent."""
    async with client_of(broken()) as coggno, PostgresJournal(url) as journal:
        options = RunOptions(journal=journal, concurrency=4)
        people = roster(HEADER + "".join(f"A,B,u{number}@example.com,s3cret-word,\n" for number in range(60)))
        results, sent = [], []
        run = apply_plan(coggno, await make_plan(coggno, people, options), options)
        async for result in run:
            results.append(result)
            if len(results) == 20:
                postgres.stop(signal.SIGQUIT)
                # Those whose intent was committed before may still leave.
                await asyncio.sleep(0.3)
                sent.append(len(coggno.sandbox.effects))
                await asyncio.sleep(0.7)
                sent.append(len(coggno.sandbox.effects))
                assert "database" in run.progress.waiting.reason
                await asyncio.to_thread(postgres.start)
        assert [result.outcome for result in results] == [RowOutcome.CREATED] * 60
        assert sent[0] == sent[1] < 60
        assert sorted(result.line for result in [each async for each in journal.results()]) == list(range(2, 62))
    assert len(coggno.sandbox.users()) == 60


async def test_run_without_a_journal_sends_nothing(url, gone):
    async with client_of(broken()) as coggno, PostgresJournal(url, patience=0.5) as journal:
        options = RunOptions(journal=journal)
        people = roster(HEADER + "A,B,u@example.com,s3cret-word,\n")
        plan = await make_plan(coggno, people, options)
        gone()
        with pytest.raises(StoppedError, match="has not responded"):
            async for result in apply_plan(coggno, plan, options):
                assert result.not_attempted
    assert not coggno.sandbox.users()


# Versions


async def test_tables_are_brought_up_to_date(postgres, database, monkeypatch):
    """From the first version, with all that is in them."""
    url = postgres.url(database=database)
    versions = schema.MIGRATIONS

    async def no_jobs(*_):
        return None

    with monkeypatch.context() as old:
        old.setattr(schema, "MIGRATIONS", versions[:1])
        old.setattr(lease, "check_no_job", no_jobs)
        async with PostgresJournal(url) as journal:
            await journal.begin(a_job())
            journal.record(a_record())
            await journal.intend(a_write("grace"))
    added = (
        "ALTER TABLE coggno.rows ADD COLUMN note text NOT NULL DEFAULT 'old'; CREATE INDEX notes ON coggno.rows (note)"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", (*versions, added))
    with pytest.raises(JournalError, match="The next run updates it"):
        PostgresReader(url)
    async with PostgresJournal(url) as journal:
        assert (await journal.begin(a_job())).is_resumed
        assert len(await all_results(journal)) == len(await journal.writes()) == 1
        await (await entered(journal)).__aexit__(None, None, None)
    assert postgres.execute("SELECT note FROM coggno.rows", database=database) == [("old",)]
    assert postgres.execute("SELECT version FROM coggno.schema_version", database=database) == [(len(versions) + 1,)]


async def test_tables_of_a_later_version_are_left_alone(postgres, database):
    url = postgres.url(database=database)
    async with PostgresJournal(url) as journal:
        await journal.begin(a_job())
    postgres.execute("UPDATE coggno.schema_version SET version = 99", database=database)
    for refused in (PostgresJournal(url).begin(a_job()), asyncio.to_thread(PostgresReader, url)):
        with pytest.raises(JournalError, match="has version 99, this program reads 4. Update coggno"):
            await refused


async def test_two_runs_create_the_tables_once(postgres, database):
    urls = [postgres.url(database=database, journal=name) for name in ("one", "two", "three")]
    journals = [PostgresJournal(url) for url in urls]
    states = await asyncio.gather(*(journal.begin(a_job()) for journal in journals))
    assert [state.number for state in states] == [1, 1, 1]
    for journal in journals:
        await journal.close()


async def test_schema_of_an_administrator_is_used(postgres, database):
    """The role may create tables in it, and no schema."""
    role = f"role_{uuid4().hex}"
    postgres.execute(f"CREATE ROLE {role} LOGIN; CREATE SCHEMA coggno AUTHORIZATION {role}", database=database)
    url = postgres.url(database=database).replace("coggno@", f"{role}@", 1)
    async with PostgresJournal(url) as journal:
        assert (await journal.begin(a_job())).number == 1


async def test_role_without_rights_is_reported(postgres, database):
    role = f"role_{uuid4().hex}"
    postgres.execute(f"CREATE ROLE {role} LOGIN")
    url = postgres.url(database=database).replace("coggno@", f"{role}@", 1)
    with pytest.raises(JournalError, match="permission denied"):
        await PostgresJournal(url).begin(a_job())


# Reading


async def test_journal_in_use_can_be_read(url, journal):
    journal.record(a_record())
    journal.record(a_record(3, RowOutcome.FAILED, key="grace"))
    await journal.finish()
    await journal.begin(a_job(b"edited"))
    await journal.intend(a_write())
    with PostgresReader(url) as reader:
        first, second = reader.jobs()
        assert reader.holder.pid == os.getpid()
        assert (first.recorded, second.recorded, second.finished) == (2, 0, None)
        assert first.job.scope == SCOPE
        assert [result.line for result in reader.results(1)] == [2, 3]
        assert [known.write for known in reader.writes()] == [a_write()]


async def test_nobody_holds_a_closed_journal(url, journal):
    await journal.close()
    with PostgresReader(url) as reader:
        assert reader.holder is None


@pytest.mark.parametrize("is_empty", [True, False])
async def test_missing_journal_is_reported(postgres, database, is_empty):
    url = postgres.url(database=database)
    if not is_empty:
        async with PostgresJournal(postgres.url(database=database, journal="other")) as journal:
            await journal.begin(a_job())
    with pytest.raises(JournalError, match="There is no journal"):
        PostgresReader(url)


async def test_no_password_is_kept(postgres, database):
    """Neither that of a person nor that of the database."""
    url = postgres.url(database=database, password=SECRET)
    async with client_of(broken()) as coggno, PostgresJournal(url) as journal:
        options = RunOptions(journal=journal)
        plan = await make_plan(coggno, roster(HEADER + "A,B,u@example.com,s3cret-word,Office\n"), options)
        async for _ in apply_plan(coggno, plan, options):
            pass
        assert SECRET not in repr(journal) + str(journal.location) + repr(journal.location)
    tables = [name for (name,) in postgres.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'coggno'", database=database
    )]  # fmt: skip
    assert len(tables) >= 11  # of later versions, too
    rows = [str(postgres.execute(f"SELECT * FROM coggno.{name}", database=database)) for name in tables]
    assert "u@example.com" in "".join(rows)
    for secret in (SECRET, "s3cret-word", KEY):
        assert secret not in "".join(rows)
