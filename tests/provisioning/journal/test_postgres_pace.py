"""The pace that runs with journals in one database share, in real time."""

import asyncio
import signal
import time
from uuid import uuid4

import pytest

from coggno.provisioning import StoppedError, apply_plan, make_plan
from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import PostgresJournal, SqliteJournal
from coggno.provisioning.journal.postgres.pace import PostgresPace, shared_pace
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.options import RunOptions
from coggno.provisioning.pacing.store import PaceReport
from tests.provisioning.helpers import HEADER, broken, client_of, roster
from tests.provisioning.journal.helpers import a_job, a_write


@pytest.fixture
def url(postgres):
    return DatabaseUrl(postgres.url(journal=uuid4()))


@pytest.fixture
async def pace(url):
    pace = shared_pace(url, uuid4().hex, "account", patience=60.0, clock=time.monotonic, sleep=asyncio.sleep)
    yield pace
    await pace.close()


@pytest.fixture
def stopped(postgres):
    """A database that stops when it is told, and is back after the test."""
    postgres.running = True

    def stop():
        postgres.stop(signal.SIGQUIT)
        postgres.running = False

    def start():
        postgres.start()
        postgres.running = True

    yield stop, start
    if not postgres.running:
        postgres.start()


@pytest.mark.parametrize("rate", [None, 100.0])
async def test_no_request_leaves_without_the_database(stopped, pace, rate):
    """A restart is waited out; what was reserved before it may still leave."""
    stop, start = stopped
    pace.limiter.rate = rate
    sent = []

    async def send():
        while True:
            await pace.limiter.acquire()
            sent.append(time.monotonic())
            await asyncio.sleep(0.02)

    senders = [asyncio.create_task(send()) for _ in range(4)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(stop)
    await asyncio.sleep(3.2)  # longer than an exchange is valid
    before = len(sent)
    assert before > 10
    await asyncio.sleep(1.0)
    assert len(sent) == before
    await asyncio.to_thread(start)
    async with asyncio.timeout(15):
        while len(sent) < before + 20:
            await asyncio.sleep(0.05)
    for task in senders:
        task.cancel()
    await asyncio.gather(*senders, return_exceptions=True)


async def test_patience_with_the_database_ends_the_run(stopped, url):
    """A run whose rows all wait for their turn is stopped as well, and can be continued."""
    stop, _ = stopped
    async with client_of(broken()) as coggno, PostgresJournal(url, patience=0.5) as journal:
        options = RunOptions(journal=journal, rate=1.0)
        people = roster(HEADER + "".join(f"A,B,u{number}@example.com,s3cret-word,\n" for number in range(20)))
        plan = await make_plan(coggno, people, options)
        stop()
        with pytest.raises(StoppedError, match="has not responded"):
            async for result in apply_plan(coggno, plan, options):
                assert result.not_attempted


async def test_two_runs_share_the_rate(postgres, url):
    """Two runs with journals of their own: together they take as long as one."""
    sent = []
    async with client_of(broken(), on_exchange=lambda _: sent.append(time.monotonic())) as coggno:

        async def run(number):
            async with PostgresJournal(postgres.url(journal=uuid4())) as journal:
                options = RunOptions(journal=journal, rate=50.0)
                people = roster(
                    HEADER + "".join(f"A,B,u{number}-{each}@example.com,s3cret-word,\n" for each in range(40))
                )
                async for result in apply_plan(coggno, await make_plan(coggno, people, options), options):
                    assert result.outcome == "created"

        await asyncio.gather(run(1), run(2))
    assert len(sent) >= 80
    assert (len(sent) - 1) / (sent[-1] - sent[0]) <= 55


async def test_accounts_and_addresses_have_a_pace_each(url):
    one, other = PostgresPace(url, "http://a", "account"), PostgresPace(url, "http://b", "account")
    await one.exchange(PaceReport(opens=True))
    assert (await one.exchange(PaceReport())).is_open
    assert not (await other.exchange(PaceReport())).is_open
    await one.close()
    await other.close()


async def test_a_row_that_was_deleted_is_added_again(postgres, pace):
    await pace.exchange()
    postgres.execute("DELETE FROM coggno.pace")
    await pace.exchange()
    async with asyncio.timeout(5):
        await pace.limiter.acquire()


async def test_a_closed_pace_lets_nothing_through(pace):
    pace.limiter.rate = 0.01
    await pace.limiter.acquire()
    waiting = asyncio.create_task(pace.limiter.acquire())
    await asyncio.sleep(0.1)
    await pace.close()
    for refused in (waiting, pace.limiter.acquire()):
        with pytest.raises(JournalError):
            await refused


async def test_journals_of_one_run_have_no_shared_pace(tmp_path):
    async with SqliteJournal(tmp_path / "run.journal") as journal:
        assert journal.pace("http://a", "account", None, clock=time.monotonic, sleep=asyncio.sleep) is None


async def test_journals_do_not_wait_for_the_pace(postgres, url):
    """Whoever holds the row of the pace, a transaction of a journal does not need it."""
    psycopg = pytest.importorskip("psycopg")
    async with PostgresJournal(url) as journal, asyncio.timeout(10):
        await journal.begin(a_job())
        with psycopg.connect(postgres.url()) as holder:
            holder.execute("LOCK TABLE coggno.pace")
            await journal.intend(a_write())
