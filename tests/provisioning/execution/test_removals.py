"""Removals: only when asked for, never past a limit, nobody twice, and no claim that the server contradicts."""

from collections import Counter

import pytest

from coggno.provisioning import (
    Removals,
    RemovalsRefusedError,
    RowOutcome,
    RunOptions,
    StoppedError,
    make_plan,
    read_roster,
)
from coggno.sandbox import ManualClock, Sandbox, parse_fault
from tests.provisioning.helpers import broken, carry_out, client_of, people


def account(sandbox, count, leavers):
    """So many people of the roster are in the group already, and so many others."""
    group = sandbox.seed_group("Warehouse")
    for row in people(count):
        sandbox.seed_user(row["email"], first_name=row["first_name"], last_name=row["last_name"], groups=[group.id])
    for number in range(leavers):
        sandbox.seed_user(f"left{number}@example.com", groups=[group.id])
    return group


async def remove(sandbox, rows, *faults, removals, then=lambda: None):
    """Rows by line, and the results of those who are in no row."""
    clock = sandbox.clock if isinstance(sandbox.clock, ManualClock) else ManualClock()
    options = RunOptions(removals=removals)
    results, left = {}, []
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, read_roster(rows), options, clock=clock.now, sleep=clock.sleep)
        assert sandbox.effects == ()
        then()
        for fault in faults:
            sandbox.faults.add(parse_fault(fault))
        work = carry_out(coggno, plan, removals=removals)
        try:
            async for result in work:
                if result.line:
                    results[result.line] = result
                else:
                    left.append(result)
        finally:
            assert work.progress.done == len(results) == len(rows)
            assert work.progress.removed == len(left)
    return results, left


def removed(sandbox):
    return Counter(
        (effect.operation, effect.login, effect.group)
        for effect in sandbox.effects
        if effect.operation in {"removeGroupUser", "deleteUser"}
    )


async def test_members_who_are_not_in_the_roster_leave():
    """They stay users, and those of other groups stay in these."""
    sandbox = Sandbox()
    group = account(sandbox, 20, 2)
    other = sandbox.seed_group("Other")
    sandbox.seed_user("other@example.com", groups=[other.id])
    rows = people(20, groups=["Warehouse"])
    _, left = await remove(sandbox, rows, removals=Removals())
    assert sorted((result.login, result.outcome) for result in left) == [
        ("left0@example.com", RowOutcome.LEFT),
        ("left1@example.com", RowOutcome.LEFT),
    ]
    assert (len(sandbox.members(group.id)), len(sandbox.members(other.id)), len(sandbox.users())) == (20, 1, 23)


async def test_nobody_leaves_unasked():
    sandbox = Sandbox()
    account(sandbox, 20, 2)
    _, left = await remove(sandbox, people(20, groups=["Warehouse"]), removals=None)
    assert (left, sandbox.effects) == ([], ())


async def test_users_who_are_not_in_the_roster_are_deleted():
    """In whatever group they are; letter case of logins makes no difference."""
    sandbox = Sandbox()
    account(sandbox, 20, 2)
    rows = [{**row, "email": row["email"].upper()} for row in people(20, groups=["Warehouse"])]
    _, left = await remove(sandbox, rows, removals=Removals(scope="users"))
    assert {result.outcome for result in left} == {RowOutcome.DELETED}
    assert len(sandbox.users()) == 20


async def test_protected_logins_stay():
    sandbox = Sandbox()
    account(sandbox, 20, 2)
    removals = Removals(scope="users", protect=[" LEFT0@example.com"])
    _, left = await remove(sandbox, people(20, groups=["Warehouse"]), removals=removals)
    assert [result.login for result in left] == ["left1@example.com"]


@pytest.mark.parametrize("scope", ["members", "users"])
@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_count": 3, "max_share": 1.0}, "4 would be .*, and at most 3 may be"),
        ({"max_share": 0.15}, "4 of 24 would be .*, and at most 15% may be"),
    ],
)
async def test_one_above_the_limit_removes_nobody(scope, limits, words):
    """At the limit all are removed."""
    sandbox = Sandbox()
    account(sandbox, 20, 4)
    rows = people(20, groups=["Warehouse"])
    with pytest.raises(RemovalsRefusedError, match=words) as caught:
        await remove(sandbox, rows, removals=Removals(scope=scope, **limits))
    assert caught.value.found == 4
    assert not removed(sandbox)
    sandbox = Sandbox()
    account(sandbox, 20, 3)
    _, left = await remove(sandbox, rows, removals=Removals(scope=scope, **limits))
    assert len(left) == removed(sandbox).total() == 3


async def test_limits_hold_for_what_is_there_at_the_end():
    """Not for what the plan has found."""
    sandbox = Sandbox()
    group = account(sandbox, 20, 2)

    def others_come():
        for number in range(9):
            sandbox.seed_user(f"came{number}@example.com", groups=[group.id])

    with pytest.raises(RemovalsRefusedError, match="11 of 31"):
        await remove(sandbox, people(20, groups=["Warehouse"]), removals=Removals(), then=others_come)
    assert not removed(sandbox)


async def test_who_was_not_in_the_plan_stays():
    """Nobody has agreed to their removal."""
    sandbox = Sandbox()
    group = account(sandbox, 20, 1)
    _, left = await remove(
        sandbox,
        people(20, groups=["Warehouse"]),
        removals=Removals(),
        then=lambda: sandbox.seed_user("came@example.com", groups=[group.id]),
    )
    assert [result.login for result in left] == ["left0@example.com"]


@pytest.mark.parametrize("scope", ["members", "users"])
async def test_a_refused_row_keeps_everybody(scope):
    """A person whose row has a typo would be removed as somebody who is not in the roster."""
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    rows = [*people(19, groups=["Warehouse"]), {**people(20)[19], "email": "u19.example.com"}]
    with pytest.raises(RemovalsRefusedError, match="the check has refused 1 row"):
        await remove(sandbox, rows, removals=Removals(scope=scope, max_share=1.0))
    assert not removed(sandbox)


async def test_a_roster_that_shrank_removes_nobody():
    """To one person of twenty: more than a tenth would leave."""
    sandbox = Sandbox()
    account(sandbox, 20, 0)
    with pytest.raises(RemovalsRefusedError, match="19 of 20"):
        await remove(sandbox, people(1), removals=Removals())
    assert not removed(sandbox)


async def test_who_has_left_already_is_unchanged():
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    fault = f"removeGroupUser:status=503,after,key={leaver.id}"
    _, left = await remove(sandbox, people(20, groups=["Warehouse"]), fault, removals=Removals())
    assert [(result.outcome, result.inferred) for result in left] == [(RowOutcome.LEFT, True)]


FAULTS = [
    "writes:status=503,times=3",
    "writes:status=503,after,times=3",
    "writes:drop,after,times=3",
    "writes:drop,times=3",
    "writes:late=30,times=2",
    "writes:status=429,times=3",
    "writes:status=404,times=3",
    "reads:status=404,times=9",
    "*:status=404,times=30",
    "reads:html=404,times=9",
    "*:status=503,p=0.3",
    "*:drop,after,p=0.2",
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scope", ["members", "users"])
async def test_removals_under_faults(scope, fault):
    """Everybody leaves once, and every claim is true."""
    sandbox = broken()
    group = account(sandbox, 30, 3)
    ids = {user.login: user.id for user in sandbox.users() if user.login.startswith("left")}
    _, left = await remove(sandbox, people(30, groups=["Warehouse"]), fault, removals=Removals(scope=scope))
    sandbox.commit_late()
    outcome = RowOutcome.LEFT if scope == "members" else RowOutcome.DELETED
    assert {result.login: result.user_id for result in left} == ids
    assert {result.outcome for result in left} == {outcome}
    assert set(removed(sandbox).values()) == {1}
    assert removed(sandbox).total() == 3
    assert len(sandbox.members(group.id)) == 30
    assert len(sandbox.users()) == (33 if scope == "members" else 30)


async def test_an_id_is_never_taken_for_a_login():
    """After a lost deletion, the server finds somebody else whose login is the id."""
    sandbox = broken()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    sandbox.seed_user(str(leaver.id), first_name="Digit", last_name="Login")
    removals = Removals(scope="users", protect=[str(leaver.id)])
    _, left = await remove(
        sandbox, people(20, groups=["Warehouse"]), "deleteUser:drop,after,times=1", removals=removals
    )
    assert removed(sandbox) == {("deleteUser", "left0@example.com", None): 1}
    assert [result.outcome for result in left] == [RowOutcome.DELETED]


async def test_one_404_is_no_proof_of_absence():
    """The request was lost before it had an effect, and one read shows nobody: that is `unknown`."""
    sandbox = broken()
    group = account(sandbox, 20, 1)
    for fault in ("removeGroupUser:drop,times=1", "getGroupUser:status=404,skip=3,times=1"):
        sandbox.faults.add(parse_fault(fault))
    _, left = await remove(sandbox, people(20, groups=["Warehouse"]), removals=Removals())
    assert [result.outcome for result in left] == [RowOutcome.UNKNOWN]
    assert len(sandbox.members(group.id)) == 21


async def test_a_stopped_run_removes_nobody():
    sandbox = broken()
    account(sandbox, 20, 1)
    with pytest.raises(StoppedError):
        await remove(sandbox, people(30, groups=["Warehouse"]), "createUser:status=401", removals=Removals())
    assert not removed(sandbox)
