"""The table of writes whose response is lost, write by write, on the sandbox's log of effects."""

from collections import Counter

import pytest

from coggno.provisioning import RowOutcome, Run, make_plan, read_roster
from coggno.sandbox import parse_fault
from tests.provisioning.helpers import broken, carry_out, check_against_effects, client_of, collect, outcomes, people


async def carried_out(sandbox, rows, *faults, **options):
    """Results of a run that has these faults, and the seconds that it took."""
    roster, clock = read_roster(rows), sandbox.clock
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, roster, clock=clock.now, sleep=clock.sleep)
        for fault in faults:
            sandbox.faults.add(parse_fault(fault))
        begin = clock.now()
        results = await collect(carry_out(coggno, plan, **options))
    seconds = clock.now() - begin
    check_against_effects(
        sandbox, results, range(1, len(rows) + 1), {n: row["groups"] for n, row in enumerate(rows, 1)}
    )
    return results, seconds


# Create group: one new is adopted, none is sent again after the settle time, several are left to a person.


@pytest.mark.parametrize("delay", [1, 10, 29, 58])
async def test_a_late_group_is_adopted(delay):
    """Up to the settle time."""
    sandbox = broken()
    results, _ = await carried_out(sandbox, people(2), f"createGroup:late={delay},times=1")
    assert outcomes(results) == ["created", "created"]
    assert sandbox.requests.count("createGroup") == 2


async def test_a_lost_group_is_sent_again_once():
    """Not before the settle time is over."""
    sandbox = broken()
    results, seconds = await carried_out(sandbox, people(1), "createGroup:drop,times=1")
    assert outcomes(results) == ["created"]
    assert sandbox.requests.count("createGroup") == 2
    assert seconds >= 60


async def test_the_settle_time_can_be_chosen():
    sandbox = broken()
    results, seconds = await carried_out(sandbox, people(1), "createGroup:drop,times=1", settle_time=10.0)
    assert outcomes(results) == ["created"]
    assert 10 <= seconds < 40


async def test_two_new_groups_of_one_name_are_left_alone():
    """Nobody can tell which one is ours: none is deleted, and nobody is put into one."""
    sandbox = broken()
    async with client_of(sandbox) as coggno:
        clock = sandbox.clock
        plan = await make_plan(coggno, read_roster(people(1)), clock=clock.now, sleep=clock.sleep)
        sandbox.faults.add(parse_fault("createGroup:drop,times=1"))

        async def meanwhile(seconds):
            await clock.sleep(seconds)
            if not sandbox.groups():
                sandbox.seed_group("Warehouse")
                sandbox.seed_group("Warehouse")

        results = await collect(Run(coggno, plan, clock=clock.now, sleep=meanwhile))
    assert outcomes(results) == ["failed"]
    assert "several groups have that name" in results[1].detail
    assert sandbox.effects == ()


async def test_groups_in_doubt_share_their_lists():
    """639 groups, and a tenth of the creations lost: one minute for all, and few lists."""
    sandbox, rows = broken(), [{**row, "groups": [f"G{n}"]} for n, row in enumerate(people(639))]
    results, seconds = await carried_out(sandbox, rows, "createGroup:status=503,p=0.1,times=50")
    assert set(outcomes(results)) == {"created"}
    assert 60 <= seconds < 90
    at_once = 3 * 50  # the client itself checks a lost creation at once, three times
    assert sandbox.requests.count("listGroups") - at_once < 20


async def test_rows_without_the_group_do_not_wait():
    """A group in doubt holds no worker: the others are done long before."""
    sandbox = broken()
    async with client_of(sandbox) as coggno:
        clock = sandbox.clock
        plan = await make_plan(coggno, read_roster(people(40)), clock=clock.now, sleep=clock.sleep)
        sandbox.faults.add(parse_fault("createGroup:drop,key=Office,times=1"))
        order = [(result.line, clock.now()) async for result in carry_out(coggno, plan, concurrency=2)]
    without = [at for line, at in order if line % 2]
    with_group = [at for line, at in order if not line % 2]
    assert max(without) <= min(with_group)
    assert min(with_group) >= 60


# Create user: sent again when it was absent twice; after a gateway's timeout not before the settle time.


@pytest.mark.parametrize(("faults", "reads"), [(["createUser:drop"], 2), (["createUser:drop", "getUser:drop"], 3)])
async def test_a_lost_creation_is_checked_twice(faults, reads):
    """A check that fails does not count."""
    sandbox = broken()
    faults = [f"{fault},times=1" for fault in faults]
    results, _ = await carried_out(sandbox, people(1, groups=[]), *faults)
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, False)
    assert sandbox.requests.count("createUser") == 2
    assert sandbox.requests.count("getUser") == reads


@pytest.mark.parametrize("delay", [1, 3, 15, 30, 55])
async def test_a_late_creation_is_not_sent_again(delay):
    """504 at once, carried out later: one request is under way for a login."""
    sandbox = broken()
    results, _ = await carried_out(sandbox, people(3), f"createUser:late={delay},times=1")
    assert outcomes(results) == ["created"] * 3
    assert sandbox.requests.count("createUser") == 3
    assert sum(result.inferred for result in results.values()) == 1


async def test_a_timed_out_creation_is_sent_again():
    """When the settle time is over."""
    sandbox = broken()
    results, seconds = await carried_out(sandbox, people(1, groups=[]), "createUser:status=504,times=1")
    assert outcomes(results) == ["created"]
    assert seconds >= 60


async def test_a_row_in_doubt_holds_no_worker():
    """It waits aside while the others are done."""
    sandbox = broken()
    async with client_of(sandbox) as coggno:
        clock = sandbox.clock
        plan = await make_plan(coggno, read_roster(people(30, groups=[])), clock=clock.now, sleep=clock.sleep)
        sandbox.faults.add(parse_fault("createUser:status=504,times=1"))
        order = [result.line async for result in carry_out(coggno, plan, concurrency=1)]
    assert order == [*range(2, 31), 1]


async def test_an_unconfirmed_membership_is_made_up_for():
    """The creation with its first group was carried out in part: the membership is checked and added."""
    sandbox = broken()
    faults = ["createUser:drop,after,times=1", "getGroupUser:status=404,times=1"]
    results, _ = await carried_out(sandbox, people(1), *faults)
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, True)


async def test_other_fields_are_not_registered_elsewhere():
    """Only a refusal that may be about the login means that somebody has it elsewhere."""
    sandbox = broken()
    group = sandbox.seed_group("Warehouse")
    async with client_of(sandbox) as coggno:
        clock = sandbox.clock
        plan = await make_plan(coggno, read_roster(people(1)), clock=clock.now, sleep=clock.sleep)
        await coggno.groups.delete(group.id)
        results = await collect(carry_out(coggno, plan))
    assert results[1].outcome is RowOutcome.REFUSED


# Add to a group: repeated after a check; a user made just now may not be visible yet.


@pytest.mark.parametrize(
    "fault", ["drop,after", "drop", "status=503,after", "status=503", "late=3", "late=30", "cut=0.1"]
)
async def test_a_lost_membership_is_checked(fault):
    sandbox = broken()
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    results, _ = await carried_out(sandbox, people(1), f"addGroupUser:{fault},times=1")
    assert outcomes(results) == ["joined"]


async def test_a_membership_in_doubt_is_not_sent_again():
    """The check right after the loss has failed, too: the next try reads first."""
    sandbox = broken()
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    faults = ["addGroupUser:drop,after,times=1", "getGroupUser:drop,times=1"]
    results, _ = await carried_out(sandbox, people(1), *faults)
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.JOINED, True)
    assert sandbox.requests.count("addGroupUser") == 1


async def test_a_new_user_is_waited_for_without_a_worker():
    """After 5, 10 and 30 seconds; others are done meanwhile."""
    sandbox = broken(lag=20)
    rows = [{**people(1)[0], "groups": ["Warehouse", "Office"]}, *people(20, groups=[])[1:]]
    async with client_of(sandbox) as coggno:
        clock = sandbox.clock
        plan = await make_plan(coggno, read_roster(rows), clock=clock.now, sleep=clock.sleep)
        times = [(result.line, clock.now()) async for result in carry_out(coggno, plan, concurrency=1)]
    assert times[-1] == (1, 45)
    assert times[-2][1] < 45


# At the end of the run: what has arrived late.


async def test_late_arrivals_are_found_at_the_end():
    """Given up as unknown in the middle of a run, and there at its end."""
    sandbox = broken()
    faults = ["createUser:late=1150,key=u0@example.com,times=1", "createUser:status=500,key=u0@example.com"]
    slow = "createUser:latency=4"
    results, _ = await carried_out(sandbox, people(600, groups=[]), *faults, slow, concurrency=2, settle_time=5.0)
    assert results[1].outcome is RowOutcome.CREATED
    assert results[1].inferred


async def test_a_404_without_proof_says_nothing():
    """Somebody created the user meanwhile, and for a moment the API responds to all reads with 404."""
    sandbox = broken()
    async with client_of(sandbox) as coggno:
        clock = sandbox.clock
        plan = await make_plan(coggno, read_roster(people(1, groups=[])), clock=clock.now, sleep=clock.sleep)
        sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
        sandbox.faults.add(parse_fault("reads:status=404,times=2"))
        results = await collect(carry_out(coggno, plan))
    assert outcomes(results) == ["exists"]


# An outage that responds to everything with 404 creates nothing and deletes nothing.


@pytest.mark.parametrize("fault", ["*:status=404,times=12", "*:gateway=404,times=12", "*:html=404,times=12"])
async def test_an_outage_of_404_creates_nothing_twice(fault):
    sandbox = broken()
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    results, _ = await carried_out(sandbox, people(30), fault)
    assert Counter(outcomes(results)) == {"joined": 1, "created": 29}


async def test_a_second_add_that_is_refused_is_checked_again():
    """Reads lag, so the request is sent again, and refused because the first one was carried out."""
    sandbox = broken()
    sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    faults = ["addGroupUser:drop,after,times=1", "addGroupUser:status=422,times=9", "getGroupUser:status=404,times=3"]
    results, _ = await carried_out(sandbox, people(1), *faults)
    assert (outcomes(results), results[1].inferred) == (["joined"], True)


async def test_one_404_is_no_proof_that_a_member_is_missing():
    """The membership was added, and one read comes from a copy of the data that is behind."""
    sandbox = broken()
    sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    # The client's own check is lost as well.
    faults = ["addGroupUser:drop,after,times=1", "getGroupUser:drop,times=1", "getGroupUser:status=404,times=1"]
    results, _ = await carried_out(sandbox, people(1), *faults)
    assert (outcomes(results), results[1].inferred) == (["joined"], True)
    assert sandbox.requests.count("addGroupUser") == 1
