"""`coggno.provision(journal=...)`."""

import sqlite3

import pytest

from coggno.provisioning import JournalError, MemoryJournal, SqliteJournal
from coggno.provisioning.journal import tables, values
from tests.provisioning.helpers import broken, client_of, people
from tests.provisioning.journal.helpers import a_job, a_record


@pytest.fixture
async def coggno():
    async with client_of(broken()) as coggno:
        yield coggno


async def provisioned(coggno, rows, **options):
    return {result.line: result async for result in coggno.provision(rows, **options)}


async def test_path_is_opened_and_closed(coggno, tmp_path):
    first = await provisioned(coggno, people(3), journal=tmp_path / "hires.journal")
    before = coggno.sandbox.requests.total
    assert await provisioned(coggno, people(3), journal=str(tmp_path / "hires.journal")) == first
    assert coggno.sandbox.requests.total == before
    assert [file.name for file in tmp_path.iterdir()] == ["hires.journal"]


async def test_open_journal_stays_open(coggno, tmp_path):
    async with SqliteJournal(tmp_path / "hires.journal") as journal:
        first = await provisioned(coggno, people(3), journal=journal)
        assert await provisioned(coggno, people(3), journal=journal) == first


async def test_journal_in_memory_ends_with_the_process(coggno):
    await provisioned(coggno, people(3), journal=MemoryJournal())
    assert {result.outcome for result in (await provisioned(coggno, people(3))).values()} == {"exists"}


async def test_left_run_is_continued(coggno, tmp_path):
    """The consumer leaves in the middle; the journal is closed all the same."""
    path = tmp_path / "hires.journal"
    run = coggno.provision(people(30), journal=path, concurrency=2)
    async for _ in run:
        break
    await run.aclose()
    results = await provisioned(coggno, people(30), journal=path)
    assert {result.outcome for result in results.values()} == {"created"}
    assert len(coggno.sandbox.users()) == 30


async def test_rows_that_come_once_are_continued(coggno, tmp_path):
    """Iterators are read in windows; what an earlier run has done of them is found by what each row wants."""
    path = tmp_path / "hires.journal"
    first = await provisioned(coggno, iter(people(5)), journal=path)
    writes = len(coggno.sandbox.effects)
    again = await provisioned(coggno, iter(people(6)), journal=path)
    assert {line: again[line].outcome for line in first} == {line: result.outcome for line, result in first.items()}
    assert again[6].outcome == "created"
    assert all(
        effect.operation != "createUser" or effect.login == "u5@example.com"
        for effect in coggno.sandbox.effects[writes:]
    )


async def test_unusable_journal_sends_nothing(coggno, tmp_path):
    (tmp_path / "hires.csv").write_text("email\n")
    with pytest.raises(JournalError, match="is not a journal"):
        await provisioned(coggno, people(1), journal=tmp_path / "hires.csv")
    assert coggno.sandbox.requests.total == 0


async def test_leavers_are_found_by_their_index(tmp_path):
    """Every window of rows that come once is a job, whose beginning must not read all rows before it."""
    path = tmp_path / "hires.journal"
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        journal.record(a_record(0))
    connection = sqlite3.connect(path)
    statements = []
    connection.set_trace_callback(statements.append)
    assert tables.last_leaving(connection) == {"ada@example.com": 1}
    (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}").fetchall()
    connection.close()
    assert "INDEX leavers" in plan[-1]
    assert str(values.LEAVERS) in statements[0]
