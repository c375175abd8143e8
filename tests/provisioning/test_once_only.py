"""Rows that can be read once: in windows, no further than results are taken, with one outcome for each."""

import asyncio
import itertools
from contextlib import aclosing

import pytest

from coggno import BadRequestError, ConfigurationError, testing
from coggno.provisioning import Removals, RosterError, RosterOptions, RowOutcome, RunOptions, SqliteJournal, provision
from coggno.provisioning.once_only import WindowedRun
from coggno.sandbox import Sandbox, parse_fault
from coggno.testing import set_testing
from tests.provisioning.helpers import broken, check_against_effects, client_of, collect, outcomes, people


async def stream(rows, read=None):
    for row in rows:
        if read is not None:
            read.append(row)
        yield row


async def provisioned(sandbox, rows, options=RunOptions(), **roster_options):  # noqa: B008 - frozen
    async with client_of(sandbox) as coggno:
        return await collect(provision(coggno, rows, options, RosterOptions(**roster_options)))


async def test_several_windows_are_numbered_on():
    """Users and groups are listed once."""
    sandbox, rows = Sandbox(), people(2_300)
    results = await provisioned(sandbox, stream(rows))
    assert set(outcomes(results)) == {"created"}
    groups = {number: row["groups"] for number, row in enumerate(rows, start=1)}
    check_against_effects(sandbox, results, range(1, 2_301), groups)
    assert sandbox.requests.count("listUsers") == 1
    assert sandbox.requests.count("createGroup") == 2


async def test_existing_users_are_distinguished():
    sandbox = Sandbox()
    warehouse = sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0", groups=[warehouse.id])
    sandbox.seed_user("U1@example.com", first_name="First1", last_name="Last1", groups=[warehouse.id])
    sandbox.seed_user("u2@example.com", first_name="Somebody", last_name="Else")
    results = await provisioned(sandbox, iter(people(4)))
    assert outcomes(results) == ["exists", "joined", "conflict", "created"]
    assert "with another name" in results[3].detail


async def test_a_repeated_row_is_a_duplicate():
    """In the same window and in a later one; what contradicts an earlier window is refused."""
    sandbox = Sandbox()
    rows = [*people(1_000), *people(2), *people(3, last_name="Other")[2:]]
    results = await provisioned(sandbox, stream(rows))
    assert outcomes(results)[1_000:] == ["duplicate", "duplicate", "refused"]
    assert results[1_001].detail == "the same as line 1"
    assert results[1_003].detail == "row 3 has the same login and asked for something else"
    assert sandbox.requests.count("createUser") == 1_000


async def test_no_more_is_read_than_taken():
    read = []
    async with client_of(Sandbox()) as coggno, aclosing(provision(coggno, stream(people(5_000), read))) as results:
        for _ in range(20):
            await anext(results)
        await asyncio.sleep(0)
        assert len(read) == 1_000


async def test_an_endless_source_is_fine():
    endless = (row for number in itertools.count() for row in people(1, email=f"e{number}@example.com"))
    async with client_of(Sandbox()) as coggno, aclosing(provision(coggno, endless)) as results:
        for _ in range(1_500):
            assert (await anext(results)).outcome is RowOutcome.CREATED


async def test_a_source_that_pauses_is_not_waited_for():
    """The rows that are there are done meanwhile."""
    more = asyncio.Event()

    async def slow():
        yield people(1)[0]
        await more.wait()
        yield people(2)[1]

    async with client_of(Sandbox()) as coggno, aclosing(provision(coggno, slow())) as results:
        assert (await anext(results)).line == 1
        more.set()
        assert (await anext(results)).line == 2
        assert [result async for result in results] == []


@pytest.mark.parametrize("count", [1, 5, 1_003])
async def test_rows_before_a_failed_source_are_done(count):
    """They were taken off a queue, and may exist nowhere else."""

    async def failing():
        for row in people(count):
            yield row
        raise ConnectionError("the queue is gone")

    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        with pytest.raises(ConnectionError, match="the queue is gone"):
            await collect(provision(coggno, failing()), results)
    assert outcomes(results) == ["created"] * count


async def test_rows_of_a_window_that_cannot_be_planned_are_reported():
    """They were taken off a queue; the run stops, and each has its result."""
    sandbox, results = broken(), {}
    office = sandbox.seed_group("Office")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0", groups=[office.id])
    rows = [*people(1_000, groups=["Warehouse"])[1:], *people(2, groups=["Office"])[:1]]
    rows.insert(0, people(1_001)[1_000])
    sandbox.faults.add(parse_fault("listGroupUsers:status=400"))
    async with client_of(sandbox) as coggno:
        with pytest.raises(BadRequestError):
            await collect(provision(coggno, iter(rows)), results)
    assert (len(results), results[1_001].not_attempted) == (1_001, True)
    assert "not attempted" in results[1_001].detail


async def test_windows_leave_nothing_behind():
    """A run of a queue has as many windows as messages: what is kept for each would fill the memory."""
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        work = WindowedRun.of(coggno, RunOptions(), RosterOptions(), clock=testing.clock, sleep=testing.sleep)
        async with aclosing(work.results(iter(people(1_001)))) as results:
            assert len([result async for result in results]) == 1_001
    assert work.sender.signal._listeners == []


async def test_a_source_that_fails_ends_the_run():
    """With its own error, after the rows before it; and the source is closed."""
    closed = []

    async def failing():
        try:
            for row in people(1_000):
                yield row
            raise ZeroDivisionError
        finally:
            closed.append(True)

    results = {}
    async with client_of(Sandbox()) as coggno:
        with pytest.raises(ZeroDivisionError):
            await collect(provision(coggno, failing()), results)
    assert (len(results), closed) == (1_000, [True])


async def test_a_later_row_that_cannot_be_read_is_invalid():
    """The others of its window are carried out."""
    rows = [*people(1_000), "not a mapping", people(1_001)[1_000]]
    results = await provisioned(Sandbox(), stream(rows))
    assert outcomes(results)[1_000:] == ["invalid", "created"]
    assert "mapping" in results[1_001].detail


@pytest.mark.parametrize("rows", [[], ["not a mapping"]])
async def test_first_rows_that_cannot_be_read_send_nothing(rows):
    sandbox = Sandbox()
    with pytest.raises(RosterError):
        await provisioned(sandbox, stream(rows))
    assert sandbox.requests.total == 0


async def test_removals_need_a_whole_roster():
    with pytest.raises(ConfigurationError, match="whole"):
        await provisioned(Sandbox(), stream(people(3)), RunOptions(removals=Removals()))


async def test_a_journal_knows_rows_of_all_windows(tmp_path):
    """The same rows again: no request, and the outcomes of the first run."""
    sandbox, rows, requests = Sandbox(), people(1_100), []
    for _ in range(2):
        async with SqliteJournal(tmp_path / "journal") as journal:
            results = await provisioned(sandbox, stream(rows), RunOptions(journal=journal))
        assert len(results) == 1_100
        assert set(outcomes(results)) == {"created"}
        requests.append(sandbox.requests.total)
    assert requests[0] == requests[1]


@pytest.mark.parametrize("seed", range(3))
async def test_windows_under_faults(seed):
    """One outcome for each row, nothing twice."""
    faults = ["*:status=503,p=0.05", "*:status=503,after,p=0.05", "*:drop,after,p=0.02", "createGroup:drop,after"]
    sandbox, rows = broken(*faults, seed=seed), people(1_200)
    with set_testing(True):
        results = await provisioned(sandbox, stream(rows))
    groups = {number: row["groups"] for number, row in enumerate(rows, start=1)}
    check_against_effects(sandbox, results, range(1, 1_201), groups)
    assert set(outcomes(results)) == {"created"}
