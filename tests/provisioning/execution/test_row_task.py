"""One row: which requests it needs, and what its result says."""

import pytest

from coggno.provisioning import (
    RowOutcome,
)
from coggno.sandbox import ManualClock, Sandbox
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


async def test_a_second_run_does_nothing():
    """The first one creates groups, users and memberships."""
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


async def test_groups_come_first():
    """The request that creates a user puts it into its first group."""
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        await run(coggno, people(2))
    assert [effect.operation for effect in sandbox.effects[:2]] == ["createGroup", "createGroup"]
    assert sandbox.requests.count("addGroupUser") == 1


async def test_existing_users_are_distinguished():
    """By names and memberships: exists, joined, conflict."""
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


async def test_an_ambiguous_group_refuses_its_rows():
    """Nobody guesses which one is meant."""
    sandbox = Sandbox()
    sandbox.seed_group("Warehouse")
    sandbox.seed_group("Warehouse")
    async with client_of(sandbox) as coggno:
        assert outcomes(await run(coggno, people(1))) == ["refused"]
    assert sandbox.effects == ()


async def test_groups_are_compared_without_case():
    sandbox = Sandbox()
    group = sandbox.seed_group("WAREHOUSE")
    async with client_of(sandbox) as coggno:
        await run(coggno, people(1))
    assert [len(sandbox.groups()), len(sandbox.members(group.id))] == [1, 1]


async def test_a_user_created_meanwhile_is_joined():
    """Unless it has other names."""
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(2, groups=["Warehouse"]))
        sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
        sandbox.seed_user("u1@example.com", first_name="Somebody", last_name="Else")
        results = await collect(carry_out(coggno, plan))
    assert outcomes(results) == ["joined", "conflict"]
    assert "somebody else in the meantime" in results[1].detail
    assert [user.login for user in sandbox.members(sandbox.groups()[0].id)] == ["u0@example.com"]


async def test_a_user_created_meanwhile_exists():
    """If no group is missing."""
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(1, groups=[]))
        sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
        assert outcomes(await collect(carry_out(coggno, plan))) == ["exists"]


async def test_a_member_whose_login_is_the_id_is_another():
    """The server finds that member by the id of the user: the user is added all the same."""
    sandbox = Sandbox()
    warehouse = sandbox.seed_group("Warehouse")
    first = sandbox.seed_user("first@example.com")
    sandbox.seed_user(str(first.id + 2), groups=[warehouse.id])
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(1))
        user = sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
        assert user.id == first.id + 2
        results = await collect(carry_out(coggno, plan))
    assert outcomes(results) == ["joined"]
    assert "u0@example.com" in [member.login for member in sandbox.members(warehouse.id)]


async def test_a_refusal_for_another_reason_is_refused():
    """Not registered elsewhere: the refusal names another field."""
    sandbox = broken()
    group = sandbox.seed_group("Warehouse")
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(1))
        await coggno.groups.delete(group.id)
        results = await collect(carry_out(coggno, plan))
    assert (results[1].outcome, results[1].detail) == (RowOutcome.REFUSED, "422: no such group")


async def test_a_numeric_login_is_not_an_id():
    """The server also reads the user with that id."""
    sandbox = Sandbox()
    other = sandbox.seed_company()
    stranger = sandbox.seed_user("stranger@example.com")
    sandbox.seed_user(str(stranger.id), company=other.id)
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1, login=str(stranger.id), groups=[]))
    assert (results[1].outcome, results[1].user_id) == (RowOutcome.REFUSED, None)


async def test_a_lost_response_is_inferred():
    """The membership is checked then."""
    sandbox = broken("createUser:drop,after,times=1")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, True)
    assert sandbox.requests.count("getGroupUser") == 1


async def test_a_membership_that_is_not_found_is_made_up_for():
    """The user was created and the response lost; the check finds the user and no membership."""
    sandbox = broken("createUser:drop,after,times=1", "getGroupUser:status=404,times=9")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, True)
    assert sandbox.requests.count("addGroupUser") == 1


async def test_a_lost_membership_is_inferred():
    sandbox = broken("addGroupUser:status=503,after,times=1")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.JOINED, True)


async def test_a_repeated_attempt_is_not_inferred():
    """The response of the last one says what happened."""
    async with client_of(broken("createUser:status=503,times=1")) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, False)


async def test_a_taken_login_in_doubt_is_unknown():
    """As long as no user with it is visible."""
    sandbox = broken("createUser:status=503,after,times=1", lag=1e9)
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, len(sandbox.effects)) == (RowOutcome.UNKNOWN, 2)
    assert "no user with it is visible here" in results[1].detail


async def test_a_taken_login_is_waited_for():
    """The response was lost, and reads lag behind: when the user is visible, it was created."""
    sandbox = broken("createUser:status=503,after,times=1", lag=60)
    async with client_of(sandbox) as coggno:
        results = await run(coggno, people(1))
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, True)
    check_against_effects(sandbox, results, [1])


async def test_a_proxys_404_page_says_nothing():
    sandbox = broken("getUser:html=404")
    sandbox.seed_user("u0@example.com", company=sandbox.seed_company().id)
    async with client_of(sandbox) as coggno:
        results = await run_to_its_end(coggno, people(1))
    assert outcomes(results) == ["failed"]
    assert "looking up the user failed: 404" in results[1].detail


async def test_an_unsettled_write_is_unknown():
    """What was done before is said."""
    sandbox = broken("addGroupUser:status=503", "getGroupUser:status=503")
    async with client_of(sandbox) as coggno:
        results = await run_to_its_end(coggno, people(2))
    assert outcomes(results) == ["created", "unknown"]
    assert results[2].detail.startswith("the user was created, but adding to group 'Office' failed: ")
    assert results[2].detail.endswith("run the row again to find out")
    assert results[2].user_id == sandbox.user("u1@example.com").id


@pytest.mark.parametrize("fault", ["createUser:status=500", "createUser:status=503", "createUser:status=504"])
async def test_the_cause_of_a_doubt_is_named(fault):
    """The 404 of a check is no reason, and no sentence stands there twice."""
    sandbox = broken(fault)
    async with client_of(sandbox) as coggno:
        results = await run_to_its_end(coggno, people(3))
    status = fault.split("=")[1][:3]
    for result in results.values():
        assert result.outcome is RowOutcome.UNKNOWN
        assert result.detail.startswith(f"creating the user failed: {status}: ")
        assert "404" not in result.detail
        assert "may or may not" not in result.detail
        assert result.detail.count(f"{status}: ") == 1
        assert len(result.detail) < 200


async def test_a_new_user_is_waited_for():
    """Before it is added to its second group."""
    clock = ManualClock()
    sandbox = Sandbox(lag=40, clock=clock)
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(2))
        results = await collect(carry_out(coggno, plan, clock))
    assert outcomes(results) == ["created", "created"]
    assert clock.now() == 45  # 5 + 10 + 30


async def test_a_user_that_stays_invisible_fails():
    """What was done is said."""
    async with client_of(Sandbox(lag=1e9)) as coggno:
        plan = await planned(coggno, people(2))
        results = await collect(carry_out(coggno, plan))
    assert outcomes(results) == ["created", "failed"]
    assert results[2].detail.startswith("the user was created, but adding to group 'Office' failed: 404")
