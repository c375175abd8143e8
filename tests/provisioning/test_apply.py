"""A run against the sandbox: one outcome per row, none that contradicts its log of effects, nothing twice."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coggno import AsyncCoggno, AuthenticationError
from coggno.provisioning import (
    Outcome,
    PasswordFile,
    Run,
    StoppedError,
    Summary,
    apply_plan,
    make_plan,
    provision,
    read_roster,
    write_failed,
    write_results,
)
from coggno.provisioning.pace import Pace
from coggno.sandbox import Sandbox, serving

ROSTERS = Path(__file__).parents[3] / "shared" / "rosters"
KEY = "test_0123456789"


def people(count, **changes):
    return [
        {
            "email": f"u{number}@example.com",
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "password": f"s3cret-{number}",
            "groups": ["Warehouse", "Office"][: 1 + number % 2],
            **changes,
        }
        for number in range(count)
    ]


@asynccontextmanager
async def client_of(sandbox, quick):
    async with serving(sandbox) as url, AsyncCoggno(KEY, base_url=url) as coggno:
        yield quick(coggno)


async def run(coggno, rows, **options):
    results = {}
    await collect(provision(coggno, rows, **options), results)
    return results


async def collect(work, results, then=lambda: None):
    async for result in work:
        assert result.line not in results, "one outcome per row"
        results[result.line] = result
        then()


def check_against_effects(sandbox, results, rows):
    """I1 no effect twice, I2 one outcome per row, I3 no claim that the server contradicts."""
    assert sorted(results) == list(range(1, len(rows) + 1))
    made = Counter(effect.login for effect in sandbox.effects if effect.operation == "createUser")
    joined = Counter((effect.user, effect.group) for effect in sandbox.effects if effect.operation == "addGroupUser")
    assert set(made.values()) <= {1}
    assert set(joined.values()) <= {1}
    for result in results.values():
        if result.outcome is Outcome.CREATED:
            assert made[result.login] == 1
            assert sandbox.user(result.login).id == result.user_id
        if result.outcome in {Outcome.FAILED, Outcome.INVALID, Outcome.REFUSED} and result.user_id is None:
            assert made[result.login] == 0


async def test_users_groups_and_memberships_are_made_and_a_second_run_does_nothing(quick):
    sandbox, rows = Sandbox(), people(30)
    async with client_of(sandbox, quick) as coggno:
        first = await run(coggno, rows)
        effects = len(sandbox.effects)
        second = await run(coggno, rows)
    assert {result.outcome for result in first.values()} == {Outcome.CREATED}
    assert {result.outcome for result in second.values()} == {Outcome.EXISTS}
    assert len(sandbox.effects) == effects
    members = {group.name: len(sandbox.members(group.id)) for group in sandbox.groups()}
    assert members == {"Warehouse": 30, "Office": 15}
    check_against_effects(sandbox, first, rows)


async def test_what_is_there_is_told_apart(quick):
    sandbox = Sandbox()
    warehouse = sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0", groups=[warehouse.id])
    sandbox.seed_user("u1@example.com", first_name="First1", last_name="Last1", groups=[warehouse.id])
    sandbox.seed_user("u2@example.com", first_name="Somebody", last_name="Else")
    other = sandbox.seed_company()
    sandbox.seed_user("u3@example.com", company=other.id)
    async with client_of(sandbox, quick) as coggno:
        results = await run(coggno, people(4))
    assert [results[line].outcome for line in (1, 2, 3, 4)] == [
        Outcome.EXISTS,
        Outcome.JOINED,
        Outcome.CONFLICT,
        Outcome.REGISTERED_ELSEWHERE,
    ]
    assert "Somebody Else" in results[3].detail


async def test_a_group_name_that_several_have_refuses_its_rows_and_nobody_guesses(quick):
    sandbox = Sandbox()
    sandbox.seed_group("Warehouse")
    sandbox.seed_group("Warehouse")
    async with client_of(sandbox, quick) as coggno:
        results = await run(coggno, people(1))
    assert results[1].outcome is Outcome.REFUSED
    assert sandbox.effects == ()


FAULTS = [
    "createUser:status=503,after,p=0.2",
    "createUser:drop,after,p=0.2",
    "createUser:drop,p=0.2",
    "createUser:cut=0.5,p=0.2",
    "createUser:late,requests=3,p=0.1",
    "addGroupUser:drop,after,p=0.3",
    "createGroup:status=504,after",
    "*:status=503,p=0.1",
    "*:status=429,retry_after=0,p=0.1",
    "reads:html=502,p=0.1",
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", [[fault] for fault in FAULTS] + [FAULTS], ids=lambda faults: " ".join(faults)[:40])
async def test_under_every_fault_no_outcome_contradicts_the_server(fault, seed, quick):
    sandbox, rows = Sandbox(faults=fault, seed=seed), people(25)
    async with client_of(sandbox, quick) as coggno:
        patient = coggno.with_options(max_retries=8)
        results = await run(patient, rows, concurrency=4)
    check_against_effects(sandbox, results, rows)
    text = "".join(map(repr, results.values()))
    assert "s3cret" not in text
    assert KEY not in text


async def test_an_answer_that_was_lost_is_said_to_be_inferred_and_the_membership_is_looked_at(quick):
    sandbox = Sandbox(faults=["createUser:drop,after,times=1"])
    async with client_of(sandbox, quick) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (Outcome.CREATED, True)
    assert sandbox.requests.count("getGroupUser") == 1


async def test_a_group_whose_answer_was_lost_is_adopted(quick):
    sandbox = Sandbox(faults=["createGroup:drop,after"])
    async with client_of(sandbox, quick) as coggno:
        results = await run(coggno, people(2))
    assert {result.outcome for result in results.values()} == {Outcome.CREATED}
    assert sorted(group.name for group in sandbox.groups()) == ["Office", "Warehouse"]


async def test_a_group_that_cannot_be_made_fails_its_rows_only(quick):
    sandbox = Sandbox(faults=["createGroup:status=422,key=Office"])
    async with client_of(sandbox, quick) as coggno:
        results = await run(coggno, people(2))
    assert [results[1].outcome, results[2].outcome] == [Outcome.CREATED, Outcome.FAILED]
    assert "no group 'Office'" in results[2].detail


async def test_a_key_that_is_refused_stops_the_run_at_once_and_every_row_has_its_outcome(quick):
    sandbox = Sandbox(faults=["writes:status=401"])
    rows = people(100, groups=[])
    results = {}
    async with client_of(sandbox, quick) as coggno:
        plan = await make_plan(coggno, read_roster(rows))
        with pytest.raises(StoppedError, match="run the same roster again"):
            await collect(apply_plan(coggno, plan, concurrency=4), results)
    assert len(results) == 100
    assert sandbox.requests.count("createUser") <= 4
    assert "not attempted" in results[100].detail


async def test_a_key_that_may_not_even_read_ends_the_planning(quick):
    sandbox = Sandbox(keys=["test_other"])
    async with client_of(sandbox, quick) as coggno:
        with pytest.raises(AuthenticationError):
            await run(coggno, people(1))


async def test_an_outage_stops_the_run_before_it_has_burnt_all_rows(quick):
    sandbox = Sandbox(faults=["createUser:drop"])
    results = {}
    async with client_of(sandbox, quick) as coggno:
        plan = await make_plan(coggno, read_roster(people(300, groups=[])))
        with pytest.raises(StoppedError, match="in trouble"):
            await collect(apply_plan(coggno.with_options(max_retries=0), plan, concurrency=4), results)
    assert len(results) == 300
    assert sandbox.requests.count("createUser") < 80


async def test_stopping_ends_what_is_under_way_and_begins_nothing_more(quick):
    sandbox, results = Sandbox(faults=["createUser:latency=0.05"]), {}
    async with client_of(sandbox, quick) as coggno:
        plan = await make_plan(coggno, read_roster(people(50, groups=[])))
        work = Run(coggno, plan, concurrency=5)
        with pytest.raises(StoppedError, match="interrupted"):
            await collect(work, results, lambda: len(results) < 5 or work.stop("interrupted"))
    counts = Counter(result.outcome for result in results.values())
    assert counts.total() == 50
    assert counts[Outcome.CREATED] == len(sandbox.users()) < 30


async def test_what_hangs_when_the_run_is_stopped_is_unknown(quick, monkeypatch):
    monkeypatch.setattr("coggno.provisioning.apply.GRACE", 0.05)
    sandbox, results = Sandbox(faults=["createUser:latency=30,after,skip=1"]), {}
    async with client_of(sandbox, quick) as coggno:
        plan = await make_plan(coggno, read_roster(people(10, groups=[])))
        work = Run(coggno, plan, concurrency=2)
        with pytest.raises(StoppedError):
            await collect(work, results, lambda: work.stop("interrupted"))
    counts = Counter(result.outcome for result in results.values())
    assert counts[Outcome.UNKNOWN] == 2
    assert counts.total() == 10


async def test_a_consumer_that_leaves_leaves_no_task_behind(quick):
    sandbox = Sandbox()
    async with client_of(sandbox, quick) as coggno:
        results = provision(coggno, people(50))
        async for _ in results:
            break
        await results.aclose()
        assert [task for task in asyncio.all_tasks() if "Run." in repr(task)] == []


async def test_a_consumer_that_is_slow_holds_the_run_back(quick):
    sandbox = Sandbox()
    async with client_of(sandbox, quick) as coggno:
        results = provision(coggno, people(60, groups=[]), concurrency=2)
        await anext(results)
        for _ in range(50):
            await asyncio.sleep(0.005)
        assert sandbox.requests.count("createUser") <= 6
        await results.aclose()


async def test_merged_rows_share_the_fate_of_the_first(quick):
    rows = [*people(1), *people(1)]
    sandbox = Sandbox()
    async with client_of(sandbox, quick) as coggno:
        good = await run(coggno, rows)
    assert [good[1].outcome, good[2].outcome] == [Outcome.CREATED, Outcome.DUPLICATE]
    sandbox = Sandbox(faults=["createUser:status=400"])
    async with client_of(sandbox, quick) as coggno:
        bad = await run(coggno, rows)
    assert [bad[1].outcome, bad[2].outcome] == [Outcome.FAILED, Outcome.FAILED]


async def test_rows_from_an_async_iterable(quick):
    async def rows():
        for row in people(3):
            yield row

    async with client_of(Sandbox(), quick) as coggno:
        assert len(await run(coggno, rows())) == 3
        async for result in coggno.provision(people(3)):
            assert result.outcome is Outcome.EXISTS


async def test_the_pace_is_kept_by_an_injected_clock():
    now, slept = 0.0, []

    async def sleep(seconds):
        nonlocal now
        slept.append(seconds)
        now += seconds

    pace = Pace(4.0, clock=lambda: now, sleep=sleep)
    for _ in range(9):
        await pace.turn()
    assert now == pytest.approx(2.0)
    assert slept == pytest.approx([0.25] * 8)


async def test_passwords_are_made_once_and_stand_in_the_file_before_they_are_sent(quick, tmp_path):
    path = tmp_path / "passwords.csv"
    seen = []
    sandbox = Sandbox()
    rows = people(5, password=None)

    def look(exchange):
        if exchange.operation == "createUser":
            seen.append(len(path.read_text().splitlines()))

    async with client_of(sandbox, quick) as coggno:
        passwords = PasswordFile(path)
        results = await run(coggno.with_options(on_exchange=look), rows, passwords=passwords)
        passwords.close()
    assert {result.outcome for result in results.values()} == {Outcome.CREATED}
    assert seen == [6] * 5
    lines = path.read_text().splitlines()[1:]
    assert all(len(line.partition(",")[2]) == 20 for line in lines)
    assert not any(line.partition(",")[2] in repr(results) for line in lines)


@pytest.mark.skipif(not ROSTERS.is_dir(), reason="the public sample roster is not here")
async def test_ten_thousand_people_of_the_public_sample(quick, tmp_path):
    sandbox = Sandbox()
    roster = read_roster(ROSTERS / "people-10000.csv", mapping={"group": "Job_Title"}, needs_password=False)
    async with client_of(sandbox, quick) as coggno:
        summaries = []
        for _ in range(2):
            passwords = PasswordFile(tmp_path / "passwords.csv")
            results, summary = {}, Summary()
            plan = await make_plan(coggno, roster)
            async for result in apply_plan(coggno, plan, passwords=passwords):
                results[result.line] = result
                summary.add(result)
            passwords.close()
            summaries.append(dict(summary.counts))
            assert len(results) == summary.rows == 10_000
    refused = {row.person.key for row in roster.rows if row.verdict}
    wanted = {row.person.key for row in roster.rows} - refused
    assert summaries[0] == {Outcome.CREATED: 9874, Outcome.REFUSED: 126}
    assert summaries[1] == {Outcome.EXISTS: 9874, Outcome.REFUSED: 126}
    assert sorted(user.login for user in sandbox.users()) == sorted(wanted)
    write_results(tmp_path / "results.csv", roster, results)
    assert write_failed(tmp_path / "failed.csv", roster, results) == 126
