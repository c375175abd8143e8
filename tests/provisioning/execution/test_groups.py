"""Groups are created once and first; one that cannot be created concerns its rows only."""

import asyncio

import pytest

from coggno import InvalidRequestError
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


async def test_a_group_is_adopted_after_a_lost_response():
    sandbox = broken("createGroup:drop,after")
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(2))) == ["created", "created"]
    assert sorted(group.name for group in sandbox.groups()) == ["Office", "Warehouse"]


@pytest.mark.parametrize("fault", ["status=422", "status=400"])
async def test_a_failed_group_fails_its_rows_only(fault):
    sandbox = broken(f"createGroup:{fault},key=Office")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(2))
    assert outcomes(results) == ["created", "failed"]
    assert "not attempted: group 'Office' could not be created: " in results[2].detail
    check_against_effects(sandbox, results, [1, 2])


@pytest.mark.parametrize("error", [InvalidRequestError("form.name cannot be sent"), ZeroDivisionError("s3cret")])
async def test_a_group_that_cannot_be_sent_fails_its_rows(error):
    """Rows without that group go on; an error that nobody expected is no different."""

    def break_down(operation, values):
        if values.get("name") == "Office":
            raise error

    async with client_of(Sandbox()) as coggno:
        plan = await planned(coggno, people(2))
        results = await collect(carry_out(Intercepted(coggno, break_down), plan))
    assert outcomes(results) == ["created", "failed"]
    assert "s3cret" not in results[2].detail


async def test_two_runs_at_once_create_a_group_once():
    """Two runs, and `ensure`, on one client share the lock of the group's name."""
    sandbox = broken("createGroup:latency=0.02", "listGroups:latency=0.01", clock=RealClock())
    async with client_of(sandbox) as coggno:
        plans = [await planned(coggno, people(6)[start::2]) for start in (0, 1)]
        async with asyncio.TaskGroup() as tasks:
            runs = [tasks.create_task(collect(carry_out(coggno, plan))) for plan in plans]
            tasks.create_task(coggno.groups.ensure(name="Warehouse"))
    assert [outcomes(run.result()) for run in runs] == [["created"] * 3] * 2
    assert sorted(group.name for group in sandbox.groups()) == ["Office", "Warehouse"]


async def test_a_group_created_late_is_adopted():
    """The response was lost and the group appears 30 s later: a second request would have made two of it."""
    sandbox = broken("createGroup:late=30,key=Office")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(2))
    assert outcomes(results) == ["created", "created"]
    assert sandbox.requests.count("createGroup") == 2
    check_against_effects(sandbox, results, [1, 2])


@pytest.mark.parametrize("fault", ["status=503,times=3", "drop,times=3", "status=429,times=3"])
async def test_a_group_is_tried_again(fault):
    sandbox = broken(f"createGroup:{fault}")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(2))
    assert outcomes(results) == ["created", "created"]
    check_against_effects(sandbox, results, [1, 2])


async def test_groups_in_doubt_wait_together():
    """A minute for all of them, not for one after the other."""
    sandbox = broken("createGroup:status=503,times=40")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, [{**row, "groups": [f"G{n}"]} for n, row in enumerate(people(40))], concurrency=2)
    assert set(outcomes(results)) == {"created"}
    assert sandbox.clock.now() < 300  # one after the other, two at a time, it would be 20 minutes
    assert sandbox.requests.peak <= 2
    check_against_effects(sandbox, results, range(1, 41))
