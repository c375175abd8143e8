"""A run against the sandbox: one outcome per row, none that contradicts its log of effects, nothing twice."""

import asyncio
import logging
from collections import Counter
from contextlib import aclosing

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coggno import ConfigurationError, InvalidRequestError
from coggno.provisioning import (
    PasswordFile,
    RosterError,
    RosterOptions,
    RowOutcome,
    Run,
    RunOptions,
    StoppedError,
    Summary,
    apply_plan,
    make_plan,
    provision,
    read_roster,
    write_failed,
    write_results,
)
from coggno.provisioning.pacing import RateLimiter
from coggno.sandbox import ManualClock, RealClock, Sandbox, serving
from tests.helpers.hr_export import GROUP_COLUMN, make_hr_export
from tests.provisioning.helpers import (
    EXAMPLE,
    KEY,
    Intercepted,
    check_against_effects,
    client_of,
    collect,
    outcomes,
    people,
    run,
    run_to_its_end,
)


async def planned(coggno, rows, **options):
    return await make_plan(coggno, read_roster(rows, RosterOptions(**options)))


def broken(*faults, clock=None, **options):
    return Sandbox(faults=faults, dropped=httpx.ReadError, clock=clock or ManualClock(), **options)


# What is done


async def test_users_groups_and_memberships_are_made_and_a_second_run_does_nothing():
    sandbox, rows = Sandbox(), people(30)
    async with client_of(sandbox) as coggno:
        first = await run(coggno, rows)
        effects = len(sandbox.effects)
        second = await run(coggno, rows)
    assert {result.outcome for result in first.values()} == {RowOutcome.CREATED}
    assert {result.outcome for result in second.values()} == {RowOutcome.EXISTS}
    assert len(sandbox.effects) == effects
    members = {group.name: len(sandbox.members(group.id)) for group in sandbox.groups()}
    assert members == {"Warehouse": 30, "Office": 15}
    check_against_effects(sandbox, first, range(1, 31))


async def test_the_first_group_goes_with_the_creation_and_groups_come_first():
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        await run(coggno, people(2))
    assert [effect.operation for effect in sandbox.effects[:2]] == ["createGroup", "createGroup"]
    assert sandbox.requests.count("addGroupUser") == 1


async def test_what_is_there_is_told_apart():
    sandbox = Sandbox()
    warehouse = sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0", groups=[warehouse.id])
    sandbox.seed_user("u1@example.com", first_name="First1", last_name="Last1", groups=[warehouse.id])
    sandbox.seed_user("u2@example.com", first_name="Somebody", last_name="Else")
    other = sandbox.seed_company()
    sandbox.seed_user("u3@example.com", company=other.id)
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(4))
    assert outcomes(results) == ["exists", "joined", "conflict", "registered_elsewhere"]
    assert results[2].detail == "added to Office"
    assert "Somebody Else" in results[3].detail


async def test_a_group_name_that_several_have_refuses_its_rows_and_nobody_guesses():
    sandbox = Sandbox()
    sandbox.seed_group("Warehouse")
    sandbox.seed_group("Warehouse")
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(1))) == ["refused"]
    assert sandbox.effects == ()


async def test_a_group_that_differs_in_case_only_is_the_group():
    sandbox = Sandbox()
    group = sandbox.seed_group("WAREHOUSE")
    async with client_of(sandbox) as coggno:
        await run(coggno, people(1))
    assert [len(sandbox.groups()), len(sandbox.members(group.id))] == [1, 1]


async def test_somebody_who_was_made_meanwhile_is_joined_to_the_groups_all_the_same():
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(2, groups=["Warehouse"]))
        sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
        sandbox.seed_user("u1@example.com", first_name="Somebody", last_name="Else")
        results = await collect(apply_plan(coggno, plan))
    assert outcomes(results) == ["joined", "conflict"]
    assert "somebody else in the meantime" in results[1].detail
    assert [user.login for user in sandbox.members(sandbox.groups()[0].id)] == ["u0@example.com"]


async def test_somebody_made_meanwhile_who_lacks_nothing_exists():
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(1, groups=[]))
        sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
        assert outcomes(await collect(apply_plan(coggno, plan))) == ["exists"]


async def test_a_refusal_for_another_reason_is_not_said_to_be_registered_elsewhere():
    sandbox = broken()
    group = sandbox.seed_group("Warehouse")
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(1))
        await coggno.groups.delete(group.id)
        results = await collect(apply_plan(coggno, plan))
    assert (results[1].outcome, results[1].detail) == (RowOutcome.REFUSED, "422: no such group")


async def test_a_login_of_digits_that_is_somebodys_id_is_not_taken_for_them():
    sandbox = Sandbox()
    other = sandbox.seed_company()
    stranger = sandbox.seed_user("stranger@example.com")
    sandbox.seed_user(str(stranger.id), company=other.id)
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1, login=str(stranger.id), groups=[]))
    assert (results[1].outcome, results[1].user_id) == (RowOutcome.REFUSED, None)


async def test_merged_rows_share_the_fate_of_the_first():
    rows = [*people(1), *people(1)]
    async with client_of(Sandbox()) as coggno:
        assert outcomes(await run(coggno, rows)) == ["created", "duplicate"]
    async with client_of(broken("createUser:status=400")) as coggno:
        results = await run(coggno, rows)
    assert outcomes(results) == ["failed", "failed"]
    assert results[2].detail.startswith("the same as line 1: ")


async def test_rows_from_any_iterable_and_a_roster_that_was_read():
    async def rows():
        for row in people(3):
            yield row

    async with client_of(Sandbox()) as coggno:
        assert outcomes(await run(coggno, rows())) == ["created"] * 3
        assert outcomes(await run(coggno, iter(people(3)))) == ["exists"] * 3
        assert outcomes(await run(coggno, read_roster(people(3)))) == ["exists"] * 3
        assert (
            outcomes(await collect(coggno.provision(people(3), group="All", mapping={"login": "email"})))
            == ["joined"] * 3
        )


# Under faults


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
            await collect(Run(coggno, plan, RunOptions(concurrency=4), sleep=sandbox.clock.sleep), results)
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
async def test_under_every_fault_no_outcome_contradicts_the_server(fault, seed, retries):
    await run_and_judge(broken(*fault, seed=seed), people(25), max_retries=retries)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lag", [1.0, 1e9])
async def test_where_new_users_are_not_seen_at_once_either(lag, seed):
    faults = ["createUser:status=503,after,p=0.3", "createUser:latency=0.4", "addGroupUser:drop,after,p=0.3"]
    await run_and_judge(broken(*faults, seed=seed, lag=lag), people(25))


@pytest.mark.parametrize("fault", FAULTS)
async def test_over_a_real_socket_too(fault, quick):
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
def test_any_roster_under_any_faults_and_then_again_without(rows, faults, seed, retries, there):
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


async def test_an_answer_that_was_lost_is_said_to_be_inferred_and_the_membership_is_looked_at():
    sandbox = broken("createUser:drop,after,times=1")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, True)
    assert sandbox.requests.count("getGroupUser") == 1


async def test_a_membership_whose_answer_was_lost_is_said_to_be_inferred():
    sandbox = broken("addGroupUser:status=503,after,times=1")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.JOINED, True)


async def test_an_attempt_that_failed_before_one_that_was_answered_is_not_inferred():
    async with client_of(broken("createUser:status=503,times=1")) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, False)


async def test_a_login_that_is_taken_after_a_lost_answer_and_not_to_be_seen_is_unknown():
    sandbox = broken("createUser:status=503,after,times=1", lag=60)
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, len(sandbox.effects)) == (RowOutcome.UNKNOWN, 2)
    assert "response was lost" in results[1].detail


async def test_a_proxys_404_page_says_nothing_about_a_user():
    sandbox = broken("getUser:html=404")
    sandbox.seed_user("u0@example.com", company=sandbox.seed_company().id)
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(1))) == ["failed"]


async def test_a_write_that_cannot_be_settled_is_unknown_and_what_was_done_is_said():
    sandbox = broken("addGroupUser:status=503", "getGroupUser:status=503")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(2))
    assert outcomes(results) == ["created", "unknown"]
    assert results[2].detail.startswith("the user was created, but adding to group 'Office' failed: ")
    assert results[2].detail.endswith("run the row again to find out")
    assert results[2].user_id == sandbox.user("u1@example.com").id


async def test_a_user_made_just_now_is_waited_for_before_it_is_joined():
    clock = ManualClock()
    sandbox = Sandbox(lag=40, clock=clock)
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(2))
        results = await collect(Run(coggno, plan, sleep=clock.sleep))
    assert outcomes(results) == ["created", "created"]
    assert clock.now() == 45  # 5 + 10 + 30


async def test_a_user_who_is_never_seen_is_told_of():
    async with client_of(Sandbox(lag=1e9)) as coggno:
        plan = await planned(coggno, people(2))
        results = await collect(Run(coggno, plan, sleep=lambda _: asyncio.sleep(0)))
    assert outcomes(results) == ["created", "failed"]
    assert results[2].detail.startswith("the user was created, but adding to group 'Office' failed: 404")


# Groups that cannot be made


async def test_a_group_whose_answer_was_lost_is_adopted():
    sandbox = broken("createGroup:drop,after")
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(2))) == ["created", "created"]
    assert sorted(group.name for group in sandbox.groups()) == ["Office", "Warehouse"]


@pytest.mark.parametrize("fault", ["status=422", "status=503", "drop", "late"])
async def test_a_group_that_cannot_be_made_fails_its_rows_only(fault):
    sandbox = broken(f"createGroup:{fault},key=Office")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(2))
    assert outcomes(results) == ["created", "failed"]
    assert "not attempted: group 'Office' could not be created: " in results[2].detail
    check_against_effects(sandbox, results, [1, 2])


async def test_a_group_that_cannot_be_sent_fails_its_rows(monkeypatch):
    """Rows without that group go on; an error that nobody expected is no different."""
    for error in (InvalidRequestError("form.name cannot be sent"), ZeroDivisionError("s3cret")):
        async with client_of(Sandbox()) as coggno:
            plan = await planned(coggno, people(2))
            ensure = type(coggno.groups).ensure

            async def picky(groups, *, name, ensure=ensure, error=error):
                if name == "Office":
                    raise error
                return await ensure(groups, name=name)

            monkeypatch.setattr(type(coggno.groups), "ensure", picky)
            results = await collect(apply_plan(coggno, plan))
            monkeypatch.undo()
        assert outcomes(results) == ["created", "failed"]
        assert "s3cret" not in results[2].detail


# Passwords


async def test_passwords_are_made_once_and_stand_in_the_file_before_they_are_sent(tmp_path):
    path, seen, sandbox = tmp_path / "passwords.csv", [], Sandbox()
    rows = [*people(4, password=None), *people(5)[4:]]

    def look(exchange):
        if exchange.operation == "createUser":
            seen.append(len(path.read_text().splitlines()))

    async with client_of(sandbox, on_exchange=look) as coggno:
        passwords = PasswordFile(path)
        results = await run(coggno, rows, passwords=passwords)
        passwords.close()
    assert outcomes(results) == ["created"] * 5
    assert seen == [5] * 5
    made = [line.partition(",")[2] for line in path.read_text().splitlines()[1:]]
    assert [len(password) for password in made] == [20] * 4
    assert not any(password in repr(results) for password in made)


async def test_the_password_of_the_file_is_the_one_that_is_sent(tmp_path):
    sent = []

    async def answer(request):
        if request.method == "POST":
            sent.append(dict(httpx.QueryParams(request.content.decode())))
            return httpx.Response(200, json={"id": 7, "login": "u0@example.com", "first_name": "F", "last_name": "L"})
        return httpx.Response(200, json=[])

    from coggno import AsyncCoggno

    passwords = PasswordFile(tmp_path / "p.csv")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        coggno = AsyncCoggno(KEY, base_url="http://localhost", http_client=http_client)
        await run(coggno, people(1, password=None, groups=[]), passwords=passwords)
    passwords.close()
    assert f"u0@example.com,{sent[0]['password']}" in (tmp_path / "p.csv").read_text()


async def test_nobody_who_is_there_gets_a_password(tmp_path):
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        await run(coggno, people(3))
        passwords = PasswordFile(tmp_path / "p.csv")
        await run(coggno, people(3, password=None), passwords=passwords)
        passwords.close()
    assert "example.com" not in (tmp_path / "p.csv").read_text()


async def test_without_a_password_file_rows_without_a_password_are_invalid_and_need_no_group():
    sandbox = Sandbox()
    rows = [*people(2, password=None), *people(3, groups=["Other"])[2:]]
    async with client_of(sandbox) as coggno:
        results = await run(coggno, read_roster(rows))
    assert outcomes(results) == ["invalid", "invalid", "created"]
    assert results[1].detail == "password is missing"
    assert [group.name for group in sandbox.groups()] == ["Other"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RosterError("No space left")])
async def test_passwords_that_cannot_be_written_stop_the_run_before_any_write(tmp_path, monkeypatch, error):
    def full(_):
        raise error

    sandbox, results = Sandbox(), {}
    monkeypatch.setattr(PasswordFile, "sync", full)
    passwords = PasswordFile(tmp_path / "p.csv")
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(3, password=None))
        with pytest.raises(StoppedError, match="No space left"):
            await collect(apply_plan(coggno, plan, RunOptions(passwords=passwords)), results)
    passwords.close()
    assert outcomes(results) == ["failed"] * 3
    assert sandbox.effects == ()


async def test_no_key_and_no_password_in_any_output(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    rows = [*people(20), *people(3, first_name="Other"), *people(2, email="x", password="s3cret-")]
    for number, row in enumerate(rows):
        row["note"], row["Old Password"] = f"n{number}", f"s3cret-old-{number}"
    sandbox = broken("createUser:status=400,p=0.3", "createUser:status=503,p=0.5")
    roster = read_roster(rows)
    async with client_of(sandbox, max_retries=1) as coggno:
        plan = await make_plan(coggno, roster)
        work = apply_plan(coggno, plan)
        results = await collect(work)
    write_results(tmp_path / "results.csv", roster, results)
    write_failed(tmp_path / "failed.csv", roster, results)
    shown = [repr(thing) for thing in (roster, plan, work, results, coggno)]
    text = "".join([*shown, caplog.text, *(path.read_text() for path in tmp_path.iterdir())])
    assert "n19" in text
    assert "s3cret" not in text
    assert KEY not in text


# Runs that end early


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_stops_the_run_at_once_and_every_row_has_its_outcome(status):
    sandbox, results = broken(f"writes:status={status},skip=3"), {}
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(100, groups=[]))
        with pytest.raises(StoppedError, match="the API refused the key.*Run the same roster again"):
            await collect(apply_plan(coggno, plan, RunOptions(concurrency=4)), results)
    counts = Counter(outcomes(results))
    assert counts == {"created": 3, "failed": 97}
    assert sandbox.requests.count("createUser") <= 7
    assert results[100].detail.startswith("not attempted: the API refused the key")


async def test_a_key_that_is_refused_for_groups_makes_no_user():
    sandbox, results = broken("createGroup:status=403"), {}
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(10))
        with pytest.raises(StoppedError):
            await collect(apply_plan(coggno, plan), results)
    assert outcomes(results) == ["failed"] * 10
    assert sandbox.effects == ()


@pytest.mark.parametrize("fault", ["createUser:drop", "createUser:status=429", "createUser:status=502"])
async def test_an_outage_stops_the_run_before_it_has_burnt_all_rows(fault):
    sandbox, results = broken(fault), {}
    async with client_of(sandbox, max_retries=0) as coggno:
        plan = await planned(coggno, people(300, groups=[]))
        with pytest.raises(StoppedError, match="too many requests failed"):
            await collect(apply_plan(coggno, plan, RunOptions(concurrency=4)), results)
    assert len(results) == 300
    assert sandbox.requests.count("createUser") < 60


async def test_rows_that_the_api_refuses_do_not_stop_the_run():
    sandbox = broken("createUser:status=400")
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(300, groups=[]))) == ["failed"] * 300


async def test_stopping_ends_what_is_under_way_and_begins_nothing_more():
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = Run(coggno, await planned(coggno, people(50, groups=[])), RunOptions(concurrency=5))
        with pytest.raises(StoppedError, match="interrupted"):
            await collect(work, results, lambda: len(results) < 5 or work.stop("interrupted"))
    counts = Counter(outcomes(results))
    assert counts.total() == work.progress.done == 50
    assert counts["created"] == len(sandbox.users()) < 30
    assert counts["failed"] == 50 - counts["created"]
    assert work.stopped == "interrupted"


async def test_what_hangs_when_the_run_is_stopped_is_unknown(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.execution.stop_signal.GRACE", 0.05)
    sandbox, results = broken("createUser:latency=30,after,skip=1", clock=RealClock()), {}
    async with client_of(sandbox) as coggno:
        work = Run(coggno, await planned(coggno, people(10, groups=[])), RunOptions(concurrency=2))
        with pytest.raises(StoppedError):
            await collect(work, results, lambda: work.stop("interrupted"))
    assert Counter(outcomes(results))["unknown"] == 2
    check_against_effects(sandbox, results, range(1, 11))


async def test_a_consumer_that_is_slow_when_the_run_is_stopped_gets_every_result(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.execution.stop_signal.GRACE", 0.0)
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = Run(coggno, await planned(coggno, people(30, groups=[])), RunOptions(concurrency=3))
        with pytest.raises(StoppedError):
            async for result in work:
                results[result.line] = result
                work.stop("interrupted")
                for _ in range(20):
                    await asyncio.sleep(0)
    check_against_effects(sandbox, results, range(1, 31))


async def test_a_row_that_only_waited_for_its_turn_is_not_attempted(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.execution.stop_signal.GRACE", 0.05)
    sandbox, results = Sandbox(), {}
    async with client_of(sandbox) as coggno:
        work = Run(coggno, await planned(coggno, people(10, groups=[])), RunOptions(concurrency=4, rate=0.01))
        with pytest.raises(StoppedError):
            await collect(work, results, lambda: work.stop("interrupted"))
    assert Counter(outcomes(results)) == {"created": 1, "failed": 9}


async def test_stopping_while_groups_are_made_begins_no_user(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.execution.stop_signal.GRACE", 0.0)
    sandbox = broken("createGroup:latency=30", clock=RealClock())
    rows = [{**row, "email": "wrong"} if not number else row for number, row in enumerate(people(6))]
    results = {}
    async with client_of(sandbox) as coggno:
        work = apply_plan(coggno, await planned(coggno, rows))

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


async def test_a_run_that_stopped_goes_on_where_it_was():
    sandbox, rows = broken("createUser:status=401,skip=20"), people(50)
    async with client_of(sandbox) as coggno:
        first = await run_to_its_end(coggno, rows)
        sandbox.faults.clear()
        second = await run(coggno, rows)
    assert Counter(outcomes(first))["created"] == 20
    assert Counter(outcomes(second)) == {"exists": 20, "created": 30}
    assert len(sandbox.users()) == 50


# Consumers


async def test_a_consumer_that_leaves_leaves_no_task_behind():
    before = asyncio.all_tasks()
    async with client_of(Sandbox()) as coggno:
        async with aclosing(provision(coggno, people(50))) as results:
            async for _ in results:
                break
        assert asyncio.all_tasks() == before


async def test_a_consumer_that_is_cancelled_can_ask_for_the_rest():
    sandbox, results = broken("createUser:latency=30,after,skip=10", clock=RealClock()), {}
    rows = [*people(40), *people(2), *people(1, email="nobody")]
    async with client_of(sandbox) as coggno:
        work = apply_plan(coggno, await planned(coggno, rows), RunOptions(concurrency=4))
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


async def test_a_run_that_was_never_begun_has_all_its_rows_not_attempted():
    async with client_of(Sandbox()) as coggno:
        work = apply_plan(coggno, await planned(coggno, people(3)))
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
        results = await collect(apply_plan(Intercepted(coggno, break_down), plan, RunOptions(concurrency=2)))
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
            await collect(apply_plan(Intercepted(coggno, break_down), plan), results)
    assert Counter(outcomes(results))["unknown"] < 80


async def test_a_consumer_that_is_slow_holds_the_run_back():
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno, aclosing(coggno.provision(people(60, groups=[]), concurrency=2)) as run_:
        await anext(run_)
        for _ in range(500):
            await asyncio.sleep(0)
        assert sandbox.requests.count("createUser") <= 6


async def test_no_more_requests_than_asked_for_run_at_once():
    sandbox = broken("createUser:latency=0.01", clock=RealClock())
    async with client_of(sandbox) as coggno:
        await run(coggno, people(40), concurrency=5)
    assert sandbox.requests.peak == 5


async def test_the_progress_is_cheap_to_read_and_adds_up():
    async with client_of(Sandbox()) as coggno:
        work = apply_plan(coggno, await planned(coggno, [*people(9), *people(1)]))
        assert (work.progress.total, work.progress.done) == (10, 0)
        done = 0
        async for _ in work:
            done += 1
            assert work.progress.done == done == sum(work.progress.counts.values())
    assert dict(work.progress.counts) == {RowOutcome.CREATED: 9, RowOutcome.DUPLICATE: 1}


async def test_the_rate_counts_retries_and_looks(monkeypatch):
    now = 0.0

    async def sleep(seconds):
        nonlocal now
        now += seconds

    sandbox = broken("createUser:status=503,after,p=0.5")
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(20, groups=[]))
        before = sandbox.requests.total
        await collect(
            Run(coggno, plan, RunOptions(concurrency=1), limiter=RateLimiter(10.0, clock=lambda: now, sleep=sleep))
        )
    sent = sandbox.requests.total - before
    assert sent > 25
    assert now >= (sent - 4) / 10  # the extra requests of the last row are nobody's to wait for


async def test_the_clients_own_hook_still_sees_everything():
    seen = Counter()
    async with client_of(Sandbox(), on_exchange=lambda exchange: seen.update([exchange.operation])) as coggno:
        await run(coggno, people(3))
    assert seen["createUser"] == 3


@pytest.mark.parametrize(("options", "words"), [({"concurrency": 0}, "concurrency"), ({"rate": -1}, "rate")])
async def test_options_that_cannot_be_used_send_nothing(options, words):
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        with pytest.raises(ConfigurationError, match=words):
            await run(coggno, people(1), **options)
        plan = await planned(coggno, people(1))
        with pytest.raises(ConfigurationError, match=words):
            apply_plan(coggno, plan, RunOptions(**options))
        with pytest.raises(ConfigurationError, match="read_roster"):
            await run(coggno, read_roster(people(1)), group="All")
    assert sandbox.effects == ()


# Whole rosters


async def test_the_example_roster_ends_as_it_says(tmp_path):
    sandbox = Sandbox()
    passwords = PasswordFile(tmp_path / "passwords.csv")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, EXAMPLE, passwords=passwords)
    passwords.close()
    assert Counter(outcomes(results)) == {"created": 190, "invalid": 5, "duplicate": 3, "refused": 2}
    assert len((tmp_path / "passwords.csv").read_text().splitlines()) == 190  # one brings its own


async def test_the_failed_rows_of_a_run_are_a_roster_for_the_next(tmp_path):
    sandbox = broken("createUser:status=400,p=0.3")
    roster = read_roster(EXAMPLE)
    passwords = PasswordFile(tmp_path / "passwords.csv")
    async with client_of(sandbox) as coggno:
        first = await run(coggno, roster, passwords=passwords)
        count = write_failed(tmp_path / "failed.csv", roster, first)
        sandbox.faults.clear()
        second = await run(coggno, tmp_path / "failed.csv", passwords=passwords)
    passwords.close()
    assert count == len(second) > 20
    assert set(outcomes(second)) <= {"created", "duplicate", "invalid", "refused"}
    assert len(sandbox.users()) == 191  # the row whose password was too short has got one


async def test_an_hr_export_is_provisioned_twice(tmp_path):
    """The first run creates every person of a generated export, the second finds them all."""
    sandbox, export = Sandbox(), make_hr_export(10_000)
    roster = read_roster(export.write(tmp_path / "people.csv"), RosterOptions(mapping={"group": GROUP_COLUMN}))
    async with client_of(sandbox) as coggno:
        summaries = []
        for _ in range(2):
            passwords = PasswordFile(tmp_path / "passwords.csv")
            results, summary = {}, Summary()
            plan = await make_plan(coggno, roster)
            async for result in apply_plan(coggno, plan, RunOptions(passwords=passwords)):
                results[result.line] = result
                summary.add(result)
            passwords.close()
            summaries.append(dict(summary.counts))
            assert len(results) == summary.rows == export.rows
    same = {
        RowOutcome.DUPLICATE: export.duplicates,
        RowOutcome.REFUSED: export.conflicts,
        RowOutcome.INVALID: export.invalid,
    }
    assert summaries[0] == {RowOutcome.CREATED: export.people, **same}
    assert summaries[1] == {RowOutcome.EXISTS: export.people, **same}
    assert {user.login for user in sandbox.users()} == {row.person.key for row in roster.accepted}
    write_results(tmp_path / "results.csv", roster, results)
    assert write_failed(tmp_path / "failed.csv", roster, results) == export.conflicts + export.invalid
