"""Any history of runs with a journal that die at any moment, removals among them: the log of effects is the judge.

`COGGNO_TORTURE_SEED=7` makes the search long, and another number makes it another one.
"""

import asyncio
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from coggno.provisioning import (
    JournalError,
    Removals,
    RemovalsRefusedError,
    RowOutcome,
    RunOptions,
    SqliteJournal,
    StoppedError,
    make_plan,
    read_roster,
)
from coggno.provisioning.journal import REMOVALS as REMOVAL_KINDS
from coggno.provisioning.journal import JournalReader
from coggno.sandbox import parse_fault
from tests.provisioning.helpers import KEY, broken, carry_out, client_of
from tests.provisioning.test_histories import FAULT, TORTURE_SEED

EXAMPLES = 300 if TORTURE_SEED else 25
STEPS = 14 if TORTURE_SEED else 8
NAMES = "abcdefgh"
GROUPS = ["X", "Y", "Z"]
ROWS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True)
MEMBERSHIPS = st.lists(st.lists(st.sampled_from(GROUPS), max_size=3, unique=True), min_size=6, max_size=6)
REMOVALS = st.sampled_from([None, Removals(max_share=1.0), Removals(scope="users", max_share=1.0)])
DEATHS = st.one_of(
    st.just((0, False)), st.tuples(st.integers(1, 60), st.just(False)), st.tuples(st.integers(1, 20), st.just(True))
)
"""After how many steps the process dies, if at all, and whether they are counted from the first removal on."""


def row_of(name, groups):
    """People with names of their own: nobody looks like somebody else."""
    return {
        "email": f"{name}@x.example",
        "first_name": f"First {name}",
        "last_name": f"Last {name}",
        "password": f"s3cret-{name}",
        "groups": groups,
    }


class Life:
    """Ends at a step: from then on nothing is sent, and nothing is kept."""

    def __init__(self, dies_at, is_removing):
        self.steps, self.dies_at, self.is_over, self.task = 0, dies_at, False, None
        self.counts = not is_removing

    def step(self, is_removal=False):
        self.counts = self.counts or is_removal
        self.steps += self.counts
        if self.steps == self.dies_at:
            self.is_over = True
            self.task.cancel()

    def app(self, sandbox):
        """The sandbox, until the process ends: before a request has arrived, or before its response has."""

        async def app(scope, receive, send):
            self.step()
            if not self.is_over:
                await sandbox(scope, receive, send)
                self.step()
            if self.is_over:
                raise httpx.ReadError("the process is dead")

        return app


class MortalJournal:
    """A journal in a file that loses, with its process, what no commit has kept yet: in every other life, nothing."""

    def __init__(self, journal, life):
        self._journal, self._life, self._notes = journal, life, []
        self.waiting, self.location = None, journal.location

    def settle(self, *args):
        self._notes.append(lambda: self._journal.settle(*args))

    def record(self, record):
        self._notes.append(lambda: self._journal.record(record))
        if self._life.dies_at % 2:
            self.commit()

    def commit(self):
        notes, self._notes = self._notes, []
        if not self._life.is_over:
            for note in notes:
                note()

    async def intend(self, write):
        self._life.step(is_removal=write.kind in REMOVAL_KINDS)
        self.commit()
        if self._life.is_over:
            raise JournalError("the process is dead")
        intent = await self._journal.intend(write)
        self._life.step()
        return intent

    def group_lock(self, *args, **options):
        return self._journal.group_lock(*args, **options)

    def pace(self, *args, **options):
        return self._journal.pace(*args, **options)

    def __getattr__(self, name):
        method = getattr(self._journal, name)
        if name in {"outcomes", "results"}:
            self.commit()
            return method

        async def call(*args, **values):
            self.commit()
            if not self._life.is_over:
                return await method(*args, **values)
            raise JournalError("the process is dead")

        return call


class KilledHistories(RuleBasedStateMachine):
    """One account, one journal, and runs that die."""

    @initialize(number=st.integers(0, 99), lag=st.sampled_from([0, 0, 8.0]))
    def begin(self, number, lag):
        self.sandbox = broken(seed=number, fold_logins=True, lag=lag)
        self.faults = []
        self.folder = tempfile.TemporaryDirectory()
        self.journal = Path(self.folder.name) / "journal"
        self.job, self.job_began = None, 0

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(name=st.sampled_from(NAMES), groups=st.lists(st.sampled_from(GROUPS), max_size=3, unique=True))
    def seed_user(self, name, groups):
        """Somebody comes by hand; nobody is put into another group or deleted by hand."""
        ids = {group.name: group.id for group in self.sandbox.groups()}
        row = row_of(name, ())
        with suppress(ValueError):  # the login is taken
            self.sandbox.seed_user(
                row["email"],
                first_name=row["first_name"],
                last_name=row["last_name"],
                groups=[ids[group] for group in groups if group in ids],
            )

    @rule(fault=FAULT)
    @precondition(lambda self: len(self.faults) < 2)
    def add_fault(self, fault):
        self.faults.append(fault)
        self.sandbox.faults.add(parse_fault(fault))

    @rule()
    def end_faults(self):
        self.faults.clear()
        self.sandbox.faults.clear()

    @rule(names=ROWS, memberships=MEMBERSHIPS, removals=REMOVALS, dies_at=DEATHS)
    def run_new(self, names, memberships, removals, dies_at):
        """Another roster, or an edited one."""
        self.rows = [row_of(name, groups) for name, groups in zip(names, memberships, strict=False)]
        self.provision(removals, dies_at)

    @rule(removals=REMOVALS, dies_at=DEATHS)
    @precondition(lambda self: hasattr(self, "rows"))
    def run_again(self, removals, dies_at):
        self.provision(removals, dies_at)

    def provision(self, removals, dies_at):
        roster, life = read_roster(self.rows), Life(*dies_at)
        if roster.digest != self.job:
            # What is late belongs to the job that has sent it.
            self.sandbox.commit_late()
            self.job, self.job_began = roster.digest, len(self.sandbox.effects)
        results, left = {}, []
        ended = asyncio.run(attempt(self.sandbox, roster, removals, life, self.journal, results, left))
        if life.is_over:
            return
        if not self.faults:
            assert ended != "stopped"
        self.sandbox.commit_late()
        self.sandbox.clock.advance(1e6)
        assert "s3cret" not in repr((results, left)) + self.journal.read_bytes().decode(errors="replace")
        assert KEY not in repr((results, left))
        if ended == "unplanned":
            return
        assert sorted(results) == [row.line for row in roster.rows]
        for row in roster.rows:
            self.check_row(row, results[row.line])
        self.check_removals(roster)
        if ended == "complete" and removals is not None and all(each.is_as_wanted for each in left):
            self.check_nobody_is_left_over(removals)
        self.check_nothing_happened_twice()

    def check_row(self, row, result):
        user = self.user(result.login)
        made = [effect for effect in self.sandbox.effects if effect.operation == "createUser"]
        if result.is_as_wanted:
            assert user is not None, result
            assert user.id == result.user_id, result
            names = {group.name for group in self.sandbox.groups() if user in self.sandbox.members(group.id)}
            assert set(row.person.groups) <= names, result
        if result.outcome is RowOutcome.CREATED and not result.inferred:
            # An inferred one may have been created by hand, while a request of ours was in doubt.
            assert result.login in {effect.login for effect in made}
        if result.outcome in {RowOutcome.EXISTS, RowOutcome.JOINED}:
            of_job = self.sandbox.effects[self.job_began :]
            assert result.login not in {each.login for each in of_job if each.operation == "createUser"}, result

    def check_removals(self, roster):
        """Whoever was removed for this roster is reported, in as many words as there were removals; and nobody else."""
        with JournalReader(self.journal) as reader:
            reported = Counter(
                (each.login, each.outcome)
                for each in reader.removed(reader.jobs()[-1].state.number)
                if each.outcome not in {RowOutcome.FAILED, RowOutcome.REFUSED, RowOutcome.UNCHANGED}
            )
        removed, ever = self.removed(self.job_began), self.removed(0)
        unknown = {login for login, outcome in reported if outcome is RowOutcome.UNKNOWN}
        claimed = Counter({key: number for key, number in reported.items() if key[1] is not RowOutcome.UNKNOWN})
        # What a run of an earlier roster has done, and died, is reported by the next one that removes people.
        assert not claimed - ever, (claimed, ever)
        assert all(login in unknown for login, _ in removed - claimed), (claimed, removed)
        stays = {row.person.key for row in roster.accepted}
        assert not {login for login, outcome in removed if outcome is RowOutcome.DELETED} & stays

    def removed(self, since):
        return Counter(
            (effect.login, {"deleteUser": RowOutcome.DELETED, "removeGroupUser": RowOutcome.LEFT}[effect.operation])
            for effect in self.sandbox.effects[since:]
            if effect.operation in {"deleteUser", "removeGroupUser"}
        )

    def check_nobody_is_left_over(self, removals):
        wanted = {row["email"]: set(row["groups"]) for row in self.rows}
        if removals.scope == "users":
            assert {user.login for user in self.sandbox.users()} == set(wanted)
            return
        for group in self.sandbox.groups():
            if any(group.name in names for names in wanted.values()):
                assert all(group.name in wanted.get(user.login, ()) for user in self.sandbox.members(group.id))

    def check_nothing_happened_twice(self):
        """In the whole history: nobody makes a deleted user anew, and no group is deleted."""
        effects = self.sandbox.effects
        made = Counter((effect.operation, effect.login or effect.name) for effect in effects)
        once = {"createUser", "createGroup", "deleteUser"}
        assert not {key: number for key, number in made.items() if key[0] in once and number > 1}

    def user(self, login):
        return next((user for user in self.sandbox.users() if user.login == login), None)


async def attempt(sandbox, roster, removals, life, path, results, left):
    """One run; says how it ended."""
    life.task, clock = asyncio.current_task(), sandbox.clock
    kept = SqliteJournal(path)
    try:
        async with client_of(life.app(sandbox)) as coggno:
            journal = MortalJournal(kept, life)
            options = RunOptions(removals=removals, patience=3_600, journal=journal)
            try:
                plan = await make_plan(coggno, roster, options, clock=clock.now, sleep=clock.sleep)
            except StoppedError:
                return "unplanned"
            work = carry_out(coggno, plan, clock, removals=removals, concurrency=3, patience=3_600, journal=journal)
            try:
                async for result in work:
                    if result.line:
                        assert result.line not in results
                        results[result.line] = result
                    else:
                        left.append(result)
            finally:
                await work.aclose()
                if not life.is_over:
                    journal.commit()
    except asyncio.CancelledError:
        asyncio.current_task().uncancel()
        return "dead"
    except RemovalsRefusedError:
        return "refused"
    except StoppedError:
        return "stopped"
    except Exception:
        if not life.is_over:
            raise
        return "dead"
    finally:
        await kept.close()
    return "complete"


TestKilledHistories = pytest.mark.timeout(900)(seed(TORTURE_SEED)(KilledHistories.TestCase))
TestKilledHistories.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
