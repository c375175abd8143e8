"""Runs that end early: every row has its outcome, and the same roster continues the run."""

import asyncio
from collections import Counter

import pytest

from coggno.provisioning import (
    RunOptions,
    StoppedError,
    Summary,
    apply_plan,
)
from coggno.sandbox import RealClock, Sandbox, parse_fault
from tests.provisioning.helpers import (
    broken,
    carry_out,
    check_against_effects,
    client_of,
    collect,
    outcomes,
    people,
    planned,
    run,
    run_to_its_end,
)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_stops_the_run(status):
    """At once, and every row has its outcome."""
    sandbox, results = broken(f"writes:status={status},skip=3"), {}
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(100, groups=[]))
        with pytest.raises(StoppedError, match="the API refused the key.*Run the same roster again"):
            await collect(carry_out(coggno, plan, concurrency=4), results)
    counts = Counter(outcomes(results))
    assert counts == {"created": 3, "failed": 97}
    assert sandbox.requests.count("createUser") <= 7
    assert results[100].detail.startswith("not attempted: the API refused the key")


async def test_a_key_refused_for_groups_creates_no_user():
    sandbox, results = broken("createGroup:status=403"), {}
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(10))
        with pytest.raises(StoppedError):
            await collect(carry_out(coggno, plan), results)
    assert outcomes(results) == ["failed"] * 10
    assert sandbox.effects == ()


@pytest.mark.parametrize("fault", ["createUser:drop", "createUser:status=429", "createUser:status=502"])
async def test_an_outage_stops_the_run(fault):
    """When nothing could be finished for as long as its patience lasts; no row has failed until then."""
    sandbox, results = broken(fault), {}
    async with client_of(sandbox, max_retries=0) as coggno:
        plan = await planned(coggno, people(300, groups=[]))
        with pytest.raises(StoppedError, match="no row could be finished for 5 minutes"):
            await collect(carry_out(coggno, plan, concurrency=4, patience=300), results)
    assert len(results) == 300
    assert Counter(outcomes(results))["failed"] >= 300 - 4 * 16 - 4  # the others were sent, and are in doubt
    assert sandbox.requests.count("createUser") < 300  # less than one a second


async def test_refused_rows_do_not_stop_the_run():
    sandbox = broken("createUser:status=400")
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(300, groups=[]))) == ["failed"] * 300


async def test_stop_begins_nothing_more():
    """What is in progress is finished."""
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, people(50, groups=[])), concurrency=5)
        with pytest.raises(StoppedError, match="interrupted"):
            await collect(work, results, lambda: len(results) < 5 or work.stop("interrupted"))
    counts = Counter(outcomes(results))
    assert counts.total() == work.progress.done == 50
    assert counts["created"] == len(sandbox.users()) < 30
    assert counts["failed"] == 50 - counts["created"]
    assert work.stopped == "interrupted"


async def test_a_hanging_write_is_unknown_after_stop(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.requests.stop_signal.GRACE", 0.05)
    sandbox, results = broken("createUser:latency=30,after,skip=1", clock=RealClock()), {}
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, people(10, groups=[])), concurrency=2)
        with pytest.raises(StoppedError):
            await collect(work, results, lambda: work.stop("interrupted"))
    assert Counter(outcomes(results))["unknown"] == 2
    check_against_effects(sandbox, results, range(1, 11))


async def test_a_slow_consumer_gets_every_result(monkeypatch):
    """Also when the run is stopped meanwhile."""
    monkeypatch.setattr("coggno.provisioning.requests.stop_signal.GRACE", 0.0)
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, people(30, groups=[])), concurrency=3)
        with pytest.raises(StoppedError):
            async for result in work:
                results[result.line] = result
                work.stop("interrupted")
                for _ in range(20):
                    await asyncio.sleep(0)
    check_against_effects(sandbox, results, range(1, 31))


async def test_a_row_waiting_for_the_rate_is_not_attempted(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.requests.stop_signal.GRACE", 0.05)
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = apply_plan(coggno, await planned(coggno, people(10, groups=[])), RunOptions(concurrency=4, rate=0.01))
        with pytest.raises(StoppedError):
            await collect(work, results, lambda: work.stop("interrupted"))
    assert Counter(outcomes(results)) == {"created": 1, "failed": 9}


async def test_stop_during_groups_begins_no_user(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.requests.stop_signal.GRACE", 0.0)
    sandbox = broken("createGroup:latency=30", clock=RealClock())
    rows = [{**row, "email": "wrong"} if not number else row for number, row in enumerate(people(6))]
    results = {}
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, rows))

        async def stop_soon():
            while not sandbox.requests.in_flight:
                await asyncio.sleep(0)
            work.stop("interrupted")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stop_soon())
            with pytest.raises(StoppedError):
                await collect(work, results)
    assert outcomes(results) == ["invalid"] + ["failed"] * 5
    assert sandbox.requests.count("createUser") == 0


async def test_a_stopped_run_can_be_continued():
    """By running the same roster again."""
    sandbox, rows = broken("createUser:status=401,skip=20"), people(50)
    async with client_of(sandbox) as coggno:
        first = await run_to_its_end(coggno, rows)
        sandbox.faults.clear()
        second = await run(coggno, rows)
    assert Counter(outcomes(first))["created"] == 20
    assert Counter(outcomes(second)) == {"exists": 20, "created": 30}
    assert len(sandbox.users()) == 50


async def test_rows_not_attempted_are_counted_apart():
    """Rows that were merged into one that was not attempted were not attempted either."""
    sandbox, results, summary = Sandbox(), {}, Summary()
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, [*people(30, groups=[]), *people(30, groups=[])]))
        work.stop("interrupted")
        with pytest.raises(StoppedError):
            await collect(work, results)
    for result in results.values():
        summary.add(result)
    assert (summary.rows, summary.not_attempted, summary.counts) == (60, 60, {"failed": 60})
    assert results[31].detail == "not attempted: interrupted (the same as line 1)"


async def test_a_half_done_row_was_attempted(monkeypatch):
    """The user was created, the second group was not: the row was attempted."""
    monkeypatch.setattr("coggno.provisioning.requests.stop_signal.GRACE", 0.05)
    sandbox, summary = broken("addGroupUser:latency=30", clock=RealClock()), Summary()
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, people(2)))

        async def stop_soon():
            while len(sandbox.users()) < 2 or not sandbox.requests.in_flight:
                await asyncio.sleep(0)
            work.stop("interrupted")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stop_soon())
            with pytest.raises(StoppedError):
                async for result in work:
                    summary.add(result)
    assert (summary.counts, summary.not_attempted) == ({"created": 1, "unknown": 1}, 0)


async def test_stop_during_an_outage_ends_soon():
    """In real time: what waits for the API is woken, and no row is lost."""
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = apply_plan(coggno, await planned(coggno, people(40, groups=[])))
        sandbox.faults.add(parse_fault("*:status=503"))

        async def stop_in_the_outage():
            while work.progress.waiting is None:
                await asyncio.sleep(0.01)
            work.stop("interrupted")

        begin = asyncio.get_running_loop().time()
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(stop_in_the_outage())
            with pytest.raises(StoppedError, match="interrupted"):
                await collect(work, results)
        assert asyncio.get_running_loop().time() - begin < 5
    check_against_effects(sandbox, results, range(1, 41))
