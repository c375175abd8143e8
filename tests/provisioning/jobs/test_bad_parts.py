"""Parts and jobs that fail each time, and databases that hang: others are carried out, and a worker ends in time."""

import asyncio
import contextlib
import time
from urllib.parse import quote

import pytest
from attrs import evolve
from psycopg import AsyncConnection
from psycopg.errors import CancellationTimeout

from coggno.provisioning import RosterError, RowOutcome, read_roster
from coggno.provisioning.errors import JournalError
from coggno.provisioning.jobs import JobPhase, Worker
from coggno.provisioning.jobs import worker as worker_module
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.journal.postgres import driver
from tests.provisioning.helpers import people
from tests.provisioning.jobs.helpers import client, execute, read, submit


async def spoil_passwords(postgres, url):
    execute(postgres, url, "UPDATE coggno.submitted_rows SET password = %s WHERE line = 1 AND job = 1", bytes(40))


def url_of(url, name):
    return url.replace("journal=hires", f"journal={name}")


async def test_part_that_always_fails_holds_nothing_up(address, postgres, url):
    async with client(address) as coggno:
        await submit(coggno, people(20), url, shard_rows=10)
        await submit(coggno, people(25)[20:], url_of(url, "behind"))
        await spoil_passwords(postgres, url)
        with pytest.raises(JournalError, match="sealed with another API key"):
            await Worker(coggno, url.partition("&journal")[0]).run()
    assert read(url)[0].done == 10
    assert read(url_of(url, "behind"), "behind")[0].state is JobPhase.FINISHED


@pytest.mark.parametrize("forever", [False, True])
async def test_job_that_cannot_be_planned_holds_nothing_up(address, url, monkeypatch, forever):
    plan_job = worker_module.plan_job

    async def plan(journal, *arguments):
        if journal.claim.job.name == "hires":
            raise RosterError("The company Acme is not connected.")
        return await plan_job(journal, *arguments)

    monkeypatch.setattr(worker_module, "plan_job", plan)
    async with client(address) as coggno:
        await submit(coggno, people(5), url)
        await submit(coggno, people(10)[5:], url_of(url, "behind"))
        worker = Worker(coggno, url.partition("&journal")[0])
        running = asyncio.create_task(worker.run(forever=forever))
        with contextlib.nullcontext() if forever else pytest.raises(RosterError, match="Acme"):
            while not running.done() and read(url_of(url, "behind"), "behind")[0].state is not JobPhase.FINISHED:
                await asyncio.sleep(0.05)
            if forever:
                worker.stop("enough")
            await running
    status, results = read(url_of(url, "behind"), "behind")
    assert (status.state, {result.outcome for result in results}) == (JobPhase.FINISHED, {RowOutcome.CREATED})


async def test_name_of_a_roster_that_is_not_utf8(address, url):
    roster = evolve(read_roster(people(1)), name="r\udcff.csv")
    async with client(address) as coggno:
        assert (await submit(coggno, roster, url)).roster == "r\\udcff.csv"


async def test_query_that_cannot_be_cancelled(url, monkeypatch):
    """The connection is cut: psycopg alone waits 5 seconds for the cancellation and 5 for the query."""

    async def hang(self, *, timeout=30.0):
        await asyncio.sleep(timeout)
        raise CancellationTimeout

    monkeypatch.setattr(AsyncConnection, "cancel_safe", hang)
    connection = await driver.connect(DatabaseUrl(url))
    query = asyncio.create_task(connection.execute("SELECT pg_sleep(20)"))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await query
    assert time.monotonic() - began < 4
    assert connection.closed


async def test_stop_while_the_database_is_silent(address, tmp_path_factory, monkeypatch):
    """A worker that connects to a database that accepts connections and says nothing ends in order."""
    monkeypatch.setattr(worker_module, "GRACE", 0.2)
    folder = tmp_path_factory.mktemp("s")
    clients = []
    silent = await asyncio.start_unix_server(lambda *streams: clients.append(streams), folder / ".s.PGSQL.5432")
    async with silent, client(address) as coggno:
        worker = Worker(coggno, f"postgresql://coggno@/postgres?host={quote(str(folder), safe='/')}")
        running = asyncio.create_task(worker.run(forever=True))
        await asyncio.sleep(0.2)
        worker.stop("enough")
        report = await running
        for _, writer in clients:
            writer.close()
    assert (report.stopped, report.was_busy) == ("enough", False)


async def test_last_two_parts_end_at_one_moment(address, postgres, url):
    """Also where an administrator has chosen another isolation level: there, each saw the other one as open."""
    database = DatabaseUrl(url)
    name = url.partition("?")[0].rpartition("/")[2]
    async with client(address) as coggno:
        await submit(coggno, people(2), url, shard_rows=1)
    execute(postgres, url, f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    first, second = await driver.connect(database), await driver.connect(database)
    try:
        async with second.transaction():
            await second.execute("SELECT 1 FROM coggno.shards")  # its snapshot, where it has one
            async with first.transaction():
                await tables.finish_shard(first, 1, 1, 1.0)
            await tables.finish_shard(second, 1, 2, 2.0)
    finally:
        await first.close()
        await second.close()
    assert read(url)[0].state is JobPhase.FINISHED
