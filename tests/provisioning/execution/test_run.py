"""A run as its consumer sees it: results, progress, rate, concurrency."""

import asyncio
from collections import Counter
from contextlib import aclosing

import pytest

from coggno import ConfigurationError
from coggno.provisioning import (
    RowOutcome,
    Run,
    RunOptions,
    StoppedError,
    provision,
    read_roster,
)
from coggno.sandbox import RealClock, Sandbox
from tests.provisioning.helpers import (
    Intercepted,
    broken,
    carry_out,
    check_against_effects,
    client_of,
    collect,
    outcomes,
    people,
    planned,
    run,
)


async def test_merged_rows_end_as_the_first():
    rows = [*people(1), *people(1)]
    async with client_of(Sandbox()) as coggno:
        assert outcomes(await run(coggno, rows)) == ["created", "duplicate"]
    async with client_of(broken("createUser:status=400")) as coggno:
        results = await run(coggno, rows)
    assert outcomes(results) == ["failed", "failed"]
    assert results[2].detail.startswith("the same as line 1: ")


async def test_rows_come_from_any_iterable():
    """Or from a roster that was read already."""

    async def rows():
        for row in people(3):
            yield row

    async with client_of(Sandbox()) as coggno:
        assert outcomes(await collect(coggno.provision(rows()))) == ["created"] * 3
        assert outcomes(await collect(coggno.provision(iter(people(3))))) == ["exists"] * 3
        assert outcomes(await collect(coggno.provision(read_roster(people(3))))) == ["exists"] * 3
        assert (
            outcomes(await collect(coggno.provision(people(3), group="All", mapping={"login": "email"})))
            == ["joined"] * 3
        )


async def test_a_consumer_that_leaves_leaves_no_task():
    before = asyncio.all_tasks()
    async with client_of(Sandbox()) as coggno:
        async with aclosing(provision(coggno, people(50))) as results:
            async for _ in results:
                break
        assert asyncio.all_tasks() == before


async def test_a_cancelled_consumer_gets_the_rest():
    sandbox, results = broken("createUser:latency=30,after,skip=10", clock=RealClock()), {}
    rows = [*people(40), *people(2), *people(1, email="nobody")]
    async with client_of(sandbox) as coggno:
        work = carry_out(coggno, await planned(coggno, rows), concurrency=4)
        task = asyncio.create_task(collect(work, results))
        while sandbox.requests.in_flight < 4:
            await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="still in progress"):
            next(work.rest())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        rest = list(work.rest())
        assert list(work.rest()) == []
    for result in rest:
        assert result.line not in results
        results[result.line] = result
    assert work.progress.done == work.progress.total == 43
    assert dict(work.progress.counts) == Counter(result.outcome for result in results.values())
    assert Counter(outcomes(results))["unknown"] == 4
    check_against_effects(sandbox, results, range(1, 44))


async def test_a_run_never_begun_attempted_nothing():
    async with client_of(Sandbox()) as coggno:
        work = carry_out(coggno, await planned(coggno, people(3)))
        await work.aclose()
        assert [result.detail for result in work.rest()] == ["not attempted: the run was cancelled"] * 3


async def test_an_unexpected_error_ends_its_row_only():
    """Before the request it is `failed`, during a write `unknown`; its text may hold a password and is not shown."""

    def break_down(operation, values):
        if values.get("email") == "u7@example.com":
            raise ZeroDivisionError("s3cret-7")

    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(20, groups=[]))
        results = await collect(carry_out(Intercepted(coggno, break_down), plan, concurrency=2))
    assert results[8].outcome is RowOutcome.UNKNOWN
    assert "creating the user failed: unexpected ZeroDivisionError" in results[8].detail
    assert "s3cret" not in repr(results)
    assert Counter(outcomes(results)) == {"created": 19, "unknown": 1}


async def test_unexpected_errors_in_every_row_stop_the_run():
    """A defect that hits every row is found after fifty of them, not after a million."""

    def break_down(operation, values):
        raise ZeroDivisionError

    results = {}
    async with client_of(Sandbox()) as coggno:
        plan = await planned(coggno, people(300, groups=[]))
        with pytest.raises(StoppedError):
            await collect(carry_out(Intercepted(coggno, break_down), plan), results)
    assert Counter(outcomes(results))["unknown"] < 80


async def test_a_slow_consumer_holds_the_run_back():
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno, aclosing(coggno.provision(people(60, groups=[]), concurrency=2)) as run_:
        await anext(run_)
        for _ in range(500):
            await asyncio.sleep(0)
        assert sandbox.requests.count("createUser") <= 6


async def test_concurrency_limits_the_requests():
    sandbox = broken("createUser:latency=0.05", clock=RealClock())
    async with client_of(sandbox) as coggno:
        await run(coggno, people(40), concurrency=5)
    assert sandbox.requests.peak == 5


async def test_progress_adds_up():
    async with client_of(Sandbox()) as coggno:
        work = carry_out(coggno, await planned(coggno, [*people(9), *people(1)]))
        assert (work.progress.total, work.progress.done) == (10, 0)
        done = 0
        async for _ in work:
            done += 1
            assert work.progress.done == done == sum(work.progress.counts.values())
    assert dict(work.progress.counts) == {RowOutcome.CREATED: 9, RowOutcome.DUPLICATE: 1}


async def test_the_rate_counts_retries(monkeypatch):
    now = 0.0

    async def sleep(seconds):
        nonlocal now
        now += seconds

    sandbox = broken("createUser:status=503,after,p=0.5")
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(20, groups=[]))
        before = sandbox.requests.total
        await collect(Run(coggno, plan, RunOptions(concurrency=1, rate=10.0), clock=lambda: now, sleep=sleep))
    sent = sandbox.requests.total - before
    assert sent > 25
    assert now >= (sent - 4) / 10  # the extra requests of the last row are nobody's to wait for


async def test_the_clients_own_hook_gets_everything():
    seen = Counter()
    async with client_of(Sandbox(), on_exchange=lambda exchange: seen.update([exchange.operation])) as coggno:
        await run(coggno, people(3))
    assert seen["createUser"] == 3


@pytest.mark.parametrize(("options", "words"), [({"concurrency": 0}, "concurrency"), ({"rate": -1}, "rate")])
async def test_invalid_options_send_nothing(options, words):
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        with pytest.raises(ConfigurationError, match=words):
            await collect(coggno.provision(people(1), **options))
        plan = await planned(coggno, people(1))
        with pytest.raises(ConfigurationError, match=words):
            carry_out(coggno, plan, **options)
        with pytest.raises(ConfigurationError, match="read_roster"):
            await collect(coggno.provision(read_roster(people(1)), group="All"))
    assert sandbox.effects == ()
