"""Any history of runs and removals on one account, under any faults: the sandbox's log of effects is the judge.

`COGGNO_TORTURE_SEED=7` makes the search long, and another number makes it another one.
"""

import asyncio
import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coggno.provisioning import (
    PlanError,
    Removals,
    RemovalsRefusedError,
    RosterError,
    RowOutcome,
    RunOptions,
    StoppedError,
    make_plan,
    read_roster,
)
from coggno.sandbox import parse_fault
from tests.provisioning.helpers import KEY, broken, carry_out, client_of

TORTURE_SEED = int(os.environ.get("COGGNO_TORTURE_SEED", "0"))
EXAMPLES = 400 if TORTURE_SEED else 25
STEPS = 14 if TORTURE_SEED else 8

LOGINS = ["a@b.example", "A@b.example", "c@d.example", "e@f.example", "77"]
GROUPS = ["X", "x", "Y"]
WRITES = ["createUser", "addGroupUser", "createGroup", "removeGroupUser", "deleteUser"]
ENDINGS = [
    "status=503",
    "status=503,after",
    "status=504,after",
    "drop",
    "drop,after",
    "cut=0.5",
    "html=200,after",
    "html=502",
    "empty",
    "type=id",
    "late=3",
    "late=30",
    "late,requests=4",
    "status=429,retry_after=1",
    "status=404",
    "gateway=404",
]
READS = ["getUser", "getGroupUser", "listUsers", "listGroups", "listGroupUsers", "reads", "*"]
READ_ENDINGS = ["status=503", "drop", "cut=0.5", "html=404", "html=200", "status=404", "gateway=404", "status=429"]
LIMITS = ["p=0.3", "times=1", "times=3", "p=0.1"]

FAULT = st.one_of(
    st.builds("{}:{},{}".format, st.sampled_from(WRITES), st.sampled_from(ENDINGS), st.sampled_from(LIMITS)),
    st.builds("{}:{},{}".format, st.sampled_from(READS), st.sampled_from(READ_ENDINGS), st.sampled_from(LIMITS)),
)
ROW = st.fixed_dictionaries(
    {
        "email": st.sampled_from(LOGINS).map(lambda login: login if "@" in login else f"{login}@b.example"),
        "login": st.sampled_from([None, None, None, "77"]),
        "first_name": st.sampled_from(["Ada", "Ada", "Ada", "Bob"]),
        "last_name": st.just("L"),
        "password": st.just("s3cret-word"),
        "groups": st.lists(st.sampled_from(GROUPS), max_size=2),
    }
)
REMOVALS = st.sampled_from(
    [None, None, Removals(max_share=1.0), Removals(scope="users", max_share=1.0), Removals(max_count=1, max_share=1.0)]
)


class Histories(RuleBasedStateMachine):
    """One account and what happens to it."""

    @initialize(number=st.integers(0, 99), lag=st.sampled_from([0, 0, 8.0, 40.0]))
    def begin(self, number, lag):
        self.sandbox = broken(seed=number, fold_logins=True, lag=lag)
        self.faults = []

    @rule(login=st.sampled_from(LOGINS), name=st.sampled_from(["Ada", "Eve"]), groups=st.booleans())
    def seed_user(self, login, name, groups):
        ids = [group.id for group in self.sandbox.groups()] if groups else []
        try:
            self.sandbox.seed_user(login, first_name=name, last_name="L", groups=ids)
        except ValueError:
            pass  # the login is taken

    @rule(name=st.sampled_from(GROUPS))
    @precondition(lambda self: len(self.sandbox.groups()) < 3)
    def seed_group(self, name):
        self.sandbox.seed_group(name)

    @rule(fault=FAULT)
    @precondition(lambda self: len(self.faults) < 3)
    def add_fault(self, fault):
        self.faults.append(fault)
        self.sandbox.faults.add(parse_fault(fault))

    @rule()
    def end_faults(self):
        self.faults.clear()
        self.sandbox.faults.clear()

    @rule(rows=st.lists(ROW, min_size=1, max_size=6), removals=REMOVALS)
    def run(self, rows, removals):
        self.settle()
        self.before = len(self.sandbox.effects)
        roster = read_roster(rows)
        try:
            results, left = asyncio.run(provisioned(self.sandbox, roster, removals))
        except (StoppedError, RosterError, PlanError):
            return  # the plan could not be made: the API did not respond
        self.settle()
        text = repr((results, left))
        assert "s3cret" not in text
        assert KEY not in text
        assert sorted(results) == [row.line for row in roster.rows]
        for row in roster.rows:
            if row.merged_into is None:
                self.check_row(row, results[row.line])
        for result in left:
            self.check_leaver(result, roster)

    def settle(self):
        """Let everything that is late arrive."""
        self.sandbox.commit_late()
        self.sandbox.clock.advance(1e6)

    @invariant()
    def nothing_happens_twice(self):
        if not hasattr(self, "before"):
            return
        counts = Counter(
            (
                effect.operation,
                effect.login.casefold() if effect.operation.endswith("User") else effect.name,
                effect.group,
            )
            for effect in self.sandbox.effects[self.before :]
            if effect.operation != "addGroupUser" or effect.group is not None
        )
        twice = {key: count for key, count in counts.items() if count > 1}
        assert not twice, twice

    def effects_on(self, operation, login):
        effects = self.sandbox.effects[self.before :]
        return sum(effect.operation == operation and effect.login.casefold() == login.casefold() for effect in effects)

    def user(self, login):
        found = [user for user in self.sandbox.users() if user.login.casefold() == login.casefold()]
        return found[0] if found else None

    def check_row(self, row, result):
        made, user = self.effects_on("createUser", result.login), self.user(result.login)
        if result.is_as_wanted:
            assert user is not None
            assert user.id == result.user_id
            wanted = {name.casefold() for name in row.person.groups}
            groups = [group for group in self.sandbox.groups() if user in self.sandbox.members(group.id)]
            assert wanted <= {group.name.casefold() for group in groups}
        if result.outcome is RowOutcome.CREATED:
            assert made == 1
        if result.outcome in {RowOutcome.EXISTS, RowOutcome.JOINED, RowOutcome.REGISTERED_ELSEWHERE}:
            assert made == 0
        if result.outcome is RowOutcome.REGISTERED_ELSEWHERE:
            assert user is None
        if result.outcome in {RowOutcome.FAILED, RowOutcome.REFUSED}:
            assert made == ("the user was created" in result.detail)

    def check_leaver(self, result, roster):
        assert result.line == 0
        left, deleted = (self.effects_on(name, result.login) for name in ("removeGroupUser", "deleteUser"))
        stays = {row.person.key for row in roster.accepted}
        if result.outcome is RowOutcome.DELETED:
            assert (deleted, self.user(result.login)) == (1, None)
            assert result.login.casefold() not in stays
        if result.outcome is RowOutcome.LEFT:
            assert left >= 1
        if result.outcome in {RowOutcome.UNCHANGED, RowOutcome.FAILED, RowOutcome.REFUSED}:
            assert deleted == 0


async def provisioned(sandbox, roster, removals):
    clock = sandbox.clock
    results, left = {}, []
    async with client_of(sandbox) as coggno:
        options = RunOptions(removals=removals, patience=3_600)
        plan = await make_plan(coggno, roster, options, makes_passwords=True, clock=clock.now, sleep=clock.sleep)
        work = carry_out(coggno, plan, removals=removals, concurrency=3, patience=3_600)
        try:
            async for result in work:
                if result.line:
                    assert result.line not in results
                    results[result.line] = result
                else:
                    left.append(result)
        except (RemovalsRefusedError, StoppedError):
            pass
    return results, left


TestHistories = pytest.mark.timeout(900)(seed(TORTURE_SEED)(Histories.TestCase))
TestHistories.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
