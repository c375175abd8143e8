"""Under any faults: one outcome per row, none that contradicts the log of effects, nothing twice."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coggno.provisioning import (
    RowOutcome,
    StoppedError,
    make_plan,
    read_roster,
)
from coggno.sandbox import Sandbox, serving
from tests.provisioning.helpers import (
    KEY,
    broken,
    carry_out,
    check_against_effects,
    client_of,
    collect,
    people,
    run,
    run_to_its_end,
)

pytestmark = pytest.mark.untraced  # hundreds of cases of lines that other tests run, too

FAULTS = [
    "createUser:status=503,after,p=0.2",
    "createUser:drop,after,p=0.2",
    "createUser:drop,p=0.2",
    "createUser:cut=0.5,p=0.2",
    "createUser:html=200,after,p=0.2",
    "createUser:empty,p=0.2",
    "createUser:type=id,p=0.2",
    "createUser:late,requests=3,p=0.1",
    "addGroupUser:drop,after,p=0.3",
    "createGroup:status=504,after",
    "createGroup:late,requests=2,p=0.5",
    "*:status=503,p=0.1",
    "*:status=429,retry_after=0,p=0.1",
    "reads:html=502,p=0.1",
    "getUser:html=404,p=0.3",
]


async def run_and_judge(sandbox, rows, **options):
    """Plan without faults, run with them, and let the sandbox judge."""
    roster = read_roster(rows)
    results = {}
    faults = [rule.fault for rule in sandbox.faults]
    sandbox.faults.clear()
    async with client_of(sandbox, **options) as coggno:
        plan = await make_plan(coggno, roster)
        for fault in faults:
            sandbox.faults.add(fault)
        try:
            await collect(carry_out(coggno, plan, sandbox.clock, concurrency=4), results)
        except StoppedError:
            pass
    groups = {row.line: row.person.groups for row in roster.rows if row.person}
    check_against_effects(sandbox, results, [row.line for row in roster.rows], groups)
    text = "".join(map(repr, results.values()))
    assert "s3cret" not in text
    assert KEY not in text
    return results


@pytest.mark.parametrize("retries", [0, 3, 8])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", [[fault] for fault in FAULTS] + [FAULTS], ids=lambda faults: " ".join(faults)[:40])
async def test_no_outcome_contradicts_the_server(fault, seed, retries):
    """Under every fault, however often it is tried."""
    await run_and_judge(broken(*fault, seed=seed), people(25), max_retries=retries)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lag", [1.0, 1e9])
async def test_lagging_reads_cause_no_contradiction(lag, seed):
    """New users are not visible at once."""
    faults = ["createUser:status=503,after,p=0.3", "createUser:latency=0.4", "addGroupUser:drop,after,p=0.3"]
    await run_and_judge(broken(*faults, seed=seed, lag=lag), people(25))


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_over_a_real_socket(fault, quick):
    sandbox, rows, results = Sandbox(faults=[fault]), people(20), {}
    async with serving(sandbox) as url:
        from coggno import AsyncCoggno

        async with AsyncCoggno(KEY, base_url=url, max_retries=8) as coggno:
            results = await run_to_its_end(quick(coggno), rows, concurrency=4)
    check_against_effects(sandbox, results, range(1, 21), {n + 1: row["groups"] for n, row in enumerate(rows)})


LOGINS = st.sampled_from(["a@b.example", "A@b.example", "c@d.example", "e@f.example", "g@h.example", "nobody"])


ROW = st.fixed_dictionaries(
    {
        "email": LOGINS,
        "first_name": st.sampled_from(["Ada", "Ada", "Ada", "Bob", ""]),
        "last_name": st.just("L"),
        "password": st.sampled_from(["s3cret-word", "s3cret-word", "s3cret-word", "12345"]),
        "groups": st.lists(st.sampled_from(["X", "x", "Y", "Z"]), max_size=3),
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(ROW, min_size=1, max_size=12),
    faults=st.lists(st.sampled_from(FAULTS), max_size=4),
    seed=st.integers(0, 99),
    retries=st.integers(0, 4),
    there=st.lists(
        st.tuples(LOGINS, st.sampled_from(["Ada", "Eve"])), max_size=3, unique_by=lambda user: user[0].casefold()
    ),
)
def test_any_roster_under_any_faults(rows, faults, seed, retries, there):
    """And then again without: nothing is created twice."""

    async def twice():
        sandbox = broken(*faults, seed=seed, fold_logins=True)
        for login, name in there:
            sandbox.seed_user(login, first_name=name, last_name="L")
        first = await run_and_judge(sandbox, rows, max_retries=retries)
        sandbox.faults.clear()
        made = {effect.login.casefold() for effect in sandbox.effects if effect.operation == "createUser"}
        async with client_of(sandbox) as coggno:
            second = await run(coggno, rows)
        for line, result in second.items():
            assert not (first[line].is_as_wanted and result.outcome in {RowOutcome.CREATED, RowOutcome.JOINED})
            assert not (result.outcome is RowOutcome.CREATED and result.login.casefold() in made)

    asyncio.run(twice())
