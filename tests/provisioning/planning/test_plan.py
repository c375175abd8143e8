"""The plan reads what is there and says what is to be done; it writes nothing."""

from functools import partial
from types import SimpleNamespace

import httpx
import pytest

from coggno import AuthenticationError, ConfigurationError
from coggno.models import Group, User
from coggno.provisioning import RowOutcome, RunOptions, StoppedError, make_plan, read_roster
from coggno.sandbox import Sandbox
from coggno.testing import set_testing
from tests.provisioning.helpers import carry_out, client_of, collect, people


async def plan_of(sandbox, rows, *, makes_passwords=True, **options):
    async with client_of(sandbox) as coggno:
        roster, run_options = read_roster(rows), RunOptions(**options)
        plan = await make_plan(coggno, roster, run_options, makes_passwords=makes_passwords)
    assert sandbox.effects == ()
    return plan


def forecast(plan):
    return [result.outcome.value for result in plan.forecast()]


async def test_existing_users_are_distinguished():
    """By names and memberships: exists, joined, conflict."""
    sandbox = Sandbox()
    warehouse = sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0", groups=[warehouse.id])
    sandbox.seed_user("u1@example.com", first_name="First1", last_name="Last1", groups=[warehouse.id])
    sandbox.seed_user("u2@example.com", first_name="Somebody", last_name="Else")
    plan = await plan_of(sandbox, [*people(4), *people(4), {**people(1)[0], "email": "nobody"}])
    first = ["exists", "joined", "conflict", "created"]
    assert forecast(plan) == [*first, "duplicate", "duplicate", "conflict", "duplicate", "invalid"]
    assert (plan.new_groups, plan.new_users, plan.new_memberships) == (("Office",), 1, 3)
    assert "Somebody Else" in next(result for result in plan.decided if result.line == 3).detail


async def test_plan_reads_each_list_once():
    """One list of users, one of groups, and members of groups that an existing user is to be in."""
    sandbox = Sandbox()
    for name in ("Warehouse", "Office", "Other"):
        sandbox.seed_group(name)
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    await plan_of(sandbox, people(4))
    counts = [sandbox.requests.count(operation) for operation in ("listUsers", "listGroups", "listGroupUsers")]
    assert (counts, sandbox.requests.total) == ([1, 1, 1], 3)


async def test_logins_are_compared_without_case():
    """Among several that differ in case only, the exact spelling is the user."""
    sandbox = Sandbox()
    sandbox.seed_user("U0@example.com", first_name="First0", last_name="Last0")
    plan = await plan_of(sandbox, people(1, groups=[]))
    assert forecast(plan) == ["exists"]
    exact = sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    sandbox.seed_user("u0@EXAMPLE.com", first_name="X", last_name="Y")
    plan = await plan_of(sandbox, people(1, groups=[]))
    assert next(iter(plan.decided)).user_id == exact.id


@pytest.mark.parametrize(
    ("there", "wanted", "found", "ambiguous"),
    [
        (["Sales"], "Sales", 0, False),
        (["SALES"], "Sales", 0, False),
        (["sales", "Sales"], "Sales", 1, False),
        (["sales", "SALES"], "Sales", None, True),
        (["Sales", "Sales"], "Sales", None, True),
        (["Sales  East"], "sales east", 0, False),
        (["Sales2"], "Sales", None, False),
    ],
)
async def test_a_name_means_the_exact_group(there, wanted, found, ambiguous):
    """Or else the only one that differs in case or spacing."""
    sandbox = Sandbox()
    groups = [sandbox.seed_group(name) for name in there]
    plan = await plan_of(sandbox, people(1, groups=[wanted]))
    assert plan.groups[wanted].id == groups[found].id if found is not None else wanted not in plan.groups
    assert (plan.ambiguous == {wanted}) is ambiguous
    assert (plan.new_groups == (wanted,)) is (found is None and not ambiguous)


async def test_rows_of_an_ambiguous_group_are_refused():
    sandbox = Sandbox()
    sandbox.seed_group("Warehouse")
    sandbox.seed_group("Warehouse")
    plan = await plan_of(sandbox, people(1))
    assert forecast(plan) == ["refused"]
    assert "several groups are named 'Warehouse'" in next(iter(plan.decided)).detail


async def test_the_forecast_of_a_run_is_what_happens():
    sandbox = Sandbox()
    sandbox.seed_user("u2@example.com", first_name="Somebody", last_name="Else")
    rows = [*people(5), *people(3), *people(1, password="12345")]
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, read_roster(rows))
        foreseen = {result.line: (result.outcome, result.login) for result in plan.forecast()}
        happened = await collect(carry_out(coggno, plan))
    assert {line: (result.outcome, result.login) for line, result in happened.items()} == foreseen


async def test_a_plan_is_carried_out_once():
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, read_roster(people(1)))
        await collect(carry_out(coggno, plan))
        with pytest.raises(ConfigurationError, match="already"):
            carry_out(coggno, plan)
    assert len(sandbox.groups()) == 1


@pytest.mark.parametrize(("options", "words"), [({"concurrency": 0}, "concurrency"), ({"rate": 0}, "rate")])
async def test_invalid_options_send_nothing(options, words):
    sandbox = Sandbox()
    with pytest.raises(ConfigurationError, match=words):
        await plan_of(sandbox, people(1), **options)
    assert sandbox.requests.total == 0


def half_known(**options):
    """A sandbox for which a plan has to read all three lists."""
    sandbox = Sandbox(dropped=httpx.ReadError, **options)
    sandbox.seed_group("Warehouse")
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0")
    return sandbox


@pytest.mark.parametrize("fault", ["status=503", "drop", "status=404", "status=429,retry_after=2", "cut=0.5"])
@pytest.mark.parametrize("operation", ["listUsers", "listGroups", "listGroupUsers"])
async def test_an_outage_is_waited_out(operation, fault):
    """Planning is as patient as a run."""
    with set_testing(True):
        plan = await plan_of(half_known(faults=[f"{operation}:{fault},times=12"]), people(2))
    assert forecast(plan) == ["joined", "created"]


@pytest.mark.parametrize("operation", ["listUsers", "listGroups", "listGroupUsers"])
async def test_patience_ends_the_planning(operation):
    sandbox = half_known(faults=[f"{operation}:status=503"])
    with set_testing(True), pytest.raises(StoppedError, match="503"):
        await plan_of(sandbox, people(1), patience=120)
    assert sandbox.requests.total < 60


async def test_a_refused_key_ends_the_planning():
    with pytest.raises(AuthenticationError):
        await plan_of(Sandbox(keys=["test_other"]), people(1))


async def test_no_password_in_the_repr_of_a_plan():
    plan = await plan_of(Sandbox(), people(1))
    assert "s3cret" not in repr(plan)
    assert next(iter(plan.planned)).row.result(RowOutcome.CREATED).login == "u0@example.com"


class StandIn:
    """A client whose lists are given: `make_plan` needs little more of one."""

    base_url, mode, lms, account = "http://localhost", "test", None, "0123456789abcdef"

    def __init__(self, users, groups):
        self.users, self.groups = (SimpleNamespace(iter=partial(self._each, items)) for items in (users, groups))
        self.groups.users = SimpleNamespace(iter=lambda *_, **__: self._each([]))

    def with_options(self, **_):
        return self

    async def _each(self, items, on_error=None):
        for item in items:
            yield item


async def test_records_without_names_do_not_stop_the_plan():
    """A tolerant client passes on what the server sends: `None` where a name is missing."""
    users = [
        User(id=1, login="u0@example.com", first_name="First0", last_name=None),
        User(id=2, login="u1@example.com", first_name=None, last_name="Other"),
        User(id=3, login="u2@example.com", first_name=5, last_name=None),
    ]
    groups = [Group(id=1, name=None, description=None), Group(id=2, name=7, description=None)]
    plan = await make_plan(StandIn(users, groups), read_roster(people(4, groups=["None", "7"])))
    assert forecast(plan) == ["joined", "conflict", "conflict", "created"]
    assert plan.new_groups == ("None", "7")
    assert next(iter(plan.decided)).detail == "the login belongs to Other; the API cannot change a user's name"


@pytest.mark.parametrize("operation", ["listUsers", "listGroups", "listGroupUsers"])
async def test_records_without_an_id_are_left_out(operation):
    """One of thousands must not stop the run; it is warned of."""
    sandbox = Sandbox(faults=[f"{operation}:remove=0.id"])
    other = sandbox.seed_group("Other")
    warehouse = sandbox.seed_group("Warehouse")
    sandbox.seed_user("other@example.com", groups=[warehouse.id, other.id])
    sandbox.seed_user("u0@example.com", first_name="First0", last_name="Last0", groups=[warehouse.id])
    plan = await plan_of(sandbox, people(2, groups=["Warehouse"]))
    assert forecast(plan) == ["exists", "created"]
    (warning,) = plan.unreadable.warnings()
    assert warning.startswith("A record in a list of Coggno cannot be read, and is left out: ")
    assert "other@example.com" not in warning


async def test_a_group_without_an_id_is_not_created_again():
    sandbox = Sandbox(faults=["listGroups:remove=0.id"])
    sandbox.seed_group("Warehouse")
    plan = await plan_of(sandbox, people(1))
    assert forecast(plan) == ["refused"]
    assert plan.new_groups == ()
