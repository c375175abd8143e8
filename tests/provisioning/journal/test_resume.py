"""A run continues from its journal: nothing is sent twice, and what was done keeps its outcome."""

import sqlite3
import time

import attrs
import pytest

from coggno import InvalidRequestError
from coggno.provisioning import (
    RowOutcome,
    RunOptions,
    SqliteJournal,
    StoppedError,
    make_plan,
    read_roster,
)
from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import JournalReader, JournalScope, Write, WriteKind, WriteOutcome
from coggno.provisioning.planning.earlier import read_earlier
from tests.provisioning.helpers import (
    Intercepted,
    broken,
    carry_out,
    check_against_effects,
    client_of,
    outcomes,
    people,
)
from tests.provisioning.journal.helpers import a_job

WRITES = ("createUser", "createGroup", "addGroupUser")
LISTS = ("listUsers", "listGroups", "listGroupUsers")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hires.journal"


@pytest.fixture
async def coggno():
    async with client_of(broken()) as coggno:
        yield coggno


@pytest.fixture
def sandbox(coggno):
    return coggno.sandbox


async def begun(coggno, journal, rows, **options):
    """The plan of a run with the journal, and its options."""
    clock = coggno.sandbox.clock
    options = {"journal": journal, **options}
    plan = await make_plan(coggno, read_roster(rows), RunOptions(**options), clock=clock.now, sleep=clock.sleep)
    return plan, options


async def run(coggno, path, rows, *, stop_after=None, **options):
    """One run with the journal; every row has its outcome."""
    results = {}
    async with SqliteJournal(path) as journal:
        plan, options = await begun(coggno, journal, rows, **options)
        work = carry_out(coggno, plan, **options)
        try:
            async for result in work:
                assert result.line not in results
                results[result.line] = result
                if stop_after is not None and len(results) >= stop_after:
                    work.stop("enough")
        except StoppedError:
            pass
        results.update((result.line, result) for result in work.rest())
    assert sorted(results) == list(range(1, 1 + len(rows)))
    return results


async def dead_run(coggno, path, rows, *writes, now=time.time):
    """A run that has sent `writes` and was killed. Each is a write, what is known of it, and its id."""
    async with SqliteJournal(path, now=now) as journal:
        await begun(coggno, journal, rows)
        for write, outcome, result_id in writes:
            intent = await journal.intend(write)
            if outcome is not None:
                journal.settle(intent, outcome, result_id)


def creation(number=0, outcome=None, result_id=None):
    return Write(kind=WriteKind.CREATE_USER, key=f"u{number}@example.com", line=1 + number), outcome, result_id


def seeded(sandbox, number=0):
    return sandbox.seed_user(f"u{number}@example.com", first_name=f"First{number}", last_name=f"Last{number}")


def sent(sandbox, operations):
    return sum(sandbox.requests.count(operation) for operation in operations)


class Renewed(Intercepted):
    """A client with another key."""

    account = property(lambda _: "renewed", lambda *_: None)

    def with_options(self, **options):
        return Renewed(self._client.with_options(**options), self._before)


# Runs one after the other


async def test_finished_run_again_sends_nothing(coggno, sandbox, path):
    first = await run(coggno, path, people(5))
    before = sandbox.requests.total
    assert await run(coggno, path, people(5)) == first
    assert sandbox.requests.total == before
    assert outcomes(first) == ["created"] * 5


async def test_stopped_run_is_continued_without_lists(coggno, sandbox, path):
    """And without sending anything for the rows that are done."""
    first = await run(coggno, path, people(20), stop_after=5)
    before = sent(sandbox, LISTS)
    assert "failed" in outcomes(first)
    results = await run(coggno, path, people(20))
    assert outcomes(results) == ["created"] * 20
    assert sent(sandbox, LISTS) == before
    check_against_effects(sandbox, results, range(1, 21))
    done = [line for line, result in first.items() if result.is_as_wanted]
    assert all(results[line] == first[line] for line in done)


async def test_progress_begins_with_what_is_done(coggno, path):
    await run(coggno, path, people(20), stop_after=5)
    async with SqliteJournal(path) as journal:
        plan, options = await begun(coggno, journal, people(20))
        work = carry_out(coggno, plan, **options)
        assert work.progress.done == work.done_earlier >= 5
        assert work.progress.counts[RowOutcome.CREATED] == work.done_earlier
        async for _ in work:
            assert work.progress.done <= 20
        assert work.progress.done == 20


async def test_failed_row_is_tried_again(coggno, sandbox, path):
    """With fresh lists: the run that failed it came to its end."""
    user = sandbox.seed_user("u0@example.com", first_name="Somebody", last_name="Else")
    assert outcomes(await run(coggno, path, people(2))) == ["conflict", "created"]
    await coggno.users.delete(user.id)
    # Coggno keeps deleted people, so their logins stay taken.
    assert outcomes(await run(coggno, path, people(2))) == ["registered_elsewhere", "created"]


async def test_edited_roster_keeps_what_is_done(coggno, sandbox, path):
    rows = people(4)
    first = await run(coggno, path, rows)
    writes = sent(sandbox, WRITES)
    edited = [{**people(5)[4], "groups": []}, *rows[1:], {**rows[0], "groups": ["Warehouse", "Dock"]}]
    results = await run(coggno, path, edited)
    assert outcomes(results) == ["created"] * 4 + ["joined"]
    assert [results[line].user_id for line in (2, 3, 4)] == [first[line].user_id for line in (2, 3, 4)]
    # A user, a group and a membership: nothing for the rows that were not edited.
    assert sent(sandbox, WRITES) - writes == 3


async def test_interrupted_copy_of_results_is_completed(coggno, sandbox, path):
    """A run of an edited roster that was killed before it had a plan."""
    await run(coggno, path, people(3))
    edited = [*people(3), {**people(4)[3], "groups": []}]
    async with SqliteJournal(path) as journal:
        roster = read_roster(edited)
        await journal.begin(attrs.evolve(a_job(), scope=scope_of(coggno), digest=roster.digest))
    results = await run(coggno, path, edited)
    assert outcomes(results) == ["created"] * 4
    check_against_effects(sandbox, results, range(1, 5))


async def test_recheck_compares_with_the_server(coggno, sandbox, path):
    first = await run(coggno, path, people(2))
    await coggno.users.delete(first[1].user_id)
    results = await run(coggno, path, people(2), recheck=True)
    assert outcomes(results) == ["registered_elsewhere", "created"]
    assert results[2].user_id == first[2].user_id


async def test_all_results_are_recorded(coggno, path):
    rows = [*people(2), {**people(1)[0], "groups": ["Dock"]}, {"email": "nobody"}]
    results = await run(coggno, path, rows)
    with JournalReader(path) as reader:
        (job,) = reader.jobs()
        assert list(reader.results(1)) == [results[line] for line in sorted(results)]
        assert job.finished is not None
        assert reader.writes() == [] or all(known.write.kind is WriteKind.CREATE_GROUP for known in reader.writes())


# After a death


async def test_creation_in_doubt_was_carried_out(coggno, sandbox, path):
    """The response did not arrive before the process died: the user is this job's own."""
    rows = people(1)
    await dead_run(coggno, path, rows, creation())
    seeded(sandbox)
    results = await run(coggno, path, rows)
    assert (results[1].outcome, results[1].inferred) == (RowOutcome.CREATED, True)
    assert sandbox.requests.count("createUser") == 0


async def test_creation_in_doubt_was_lost(coggno, sandbox, path):
    rows = people(1)
    await dead_run(coggno, path, rows, creation())
    results = await run(coggno, path, rows)
    assert outcomes(results) == ["created"]
    check_against_effects(sandbox, results, [1])


async def test_creation_in_doubt_is_given_time(coggno, sandbox, path):
    """The server may still be at the request of a process that has died."""
    rows = people(1)
    await dead_run(coggno, path, rows, creation())
    began = sandbox.clock.now()
    await run(coggno, path, rows, settle_time=60.0)
    assert sandbox.clock.now() - began > 50


async def test_finished_creation_is_not_repeated(coggno, sandbox, path):
    """The process died between the user and its memberships."""
    rows = people(2)[1:]
    user = seeded(sandbox, 1)
    write, _, _ = creation(1)
    async with SqliteJournal(path) as journal:
        await begun_without_lists(coggno, journal, rows)
        journal.settle(await journal.intend(write), WriteOutcome.DONE, user.id)
    results = await run(coggno, path, rows)
    assert (results[1].outcome, results[1].user_id, results[1].inferred) == (RowOutcome.CREATED, user.id, False)
    assert sandbox.requests.count("createUser") == 0
    assert all(user in sandbox.members(group.id) for group in sandbox.groups())


@pytest.mark.parametrize("is_planned", [True, False])
async def test_finished_user_is_not_claimed_by_others(coggno, sandbox, path, is_planned):
    """With the saved plan and with fresh lists."""
    rows = [{**row, "groups": []} for row in people(2)]
    async with SqliteJournal(path) as journal:
        await (begun if is_planned else begun_without_lists)(coggno, journal, rows)
        user = seeded(sandbox)
        journal.settle(await journal.intend(creation()[0]), WriteOutcome.DONE, user.id)
    assert outcomes(await run(coggno, path, rows)) == ["created", "created"]
    assert outcomes(await run(coggno, path, [*rows, {**people(3)[2], "groups": []}])) == ["created"] * 3


async def test_group_in_doubt_is_adopted(coggno, sandbox, path):
    rows = people(1)
    write = Write(kind=WriteKind.CREATE_GROUP, key="warehouse", name="Warehouse", before=())
    await dead_run(coggno, path, rows, (write, None, None))
    group = sandbox.seed_group("Warehouse")
    assert outcomes(await run(coggno, path, rows)) == ["created"]
    assert sandbox.requests.count("createGroup") == 0
    with JournalReader(path) as reader:
        assert [(known.outcome, known.result_id) for known in reader.writes()] == [(WriteOutcome.DONE, group.id)]


@pytest.mark.parametrize("offset", [0, -3 * 86_400, 3 * 86_400])
async def test_group_in_doubt_is_waited_for(coggno, sandbox, path, offset):
    """A group that is not there yet may come; the clock of the machine may have been wrong when it was sent."""
    rows = people(1)
    write = Write(kind=WriteKind.CREATE_GROUP, key="warehouse", name="Warehouse", before=())
    await dead_run(coggno, path, rows, (write, None, None), now=lambda: time.time() + offset)
    began = sandbox.clock.now()
    assert outcomes(await run(coggno, path, rows, settle_time=60.0)) == ["created"]
    assert sandbox.clock.now() - began > 50
    assert sandbox.requests.count("createGroup") == 1


async def test_group_of_a_dead_run_is_known(coggno, sandbox, path):
    """It was created after the plan, which lists no group any more."""
    rows = people(1)
    write = Write(kind=WriteKind.CREATE_GROUP, key="warehouse", name="Warehouse", before=())
    await dead_run(coggno, path, rows, (write, WriteOutcome.DONE, sandbox.seed_group("Warehouse").id))
    lists = sent(sandbox, LISTS)
    assert outcomes(await run(coggno, path, rows)) == ["created"]
    assert sent(sandbox, LISTS) == lists


async def test_membership_of_a_dead_run_is_reported(coggno, sandbox, path):
    rows = people(2)[1:]
    user, group = seeded(sandbox, 1), sandbox.seed_group("Warehouse")
    sandbox.seed_group("Office")
    write = Write(kind=WriteKind.ADD_MEMBER, key="u1@example.com", group_id=group.id, line=1)
    await dead_run(coggno, path, rows, (write, WriteOutcome.DONE, None))
    await coggno.groups.users.add(group.id, user.id)
    results = await run(coggno, path, rows)
    assert (results[1].outcome, results[1].detail) == (RowOutcome.JOINED, "added to Warehouse, Office")
    assert sandbox.requests.count("addGroupUser") == 2


async def test_decided_rows_are_continued(coggno, sandbox, path):
    """What the plan has found out stands as long as the run that made it is not finished."""
    sandbox.seed_user("u0@example.com", first_name="Somebody", last_name="Else")
    rows = people(2)
    await dead_run(coggno, path, rows)
    before = sandbox.requests.count("getUser") + sent(sandbox, LISTS)
    assert outcomes(await run(coggno, path, rows)) == ["conflict", "created"]
    assert sandbox.requests.count("getUser") == 0
    assert sandbox.requests.count("listUsers") == 1 < before


# What stops a run


async def test_other_company_is_refused(coggno, sandbox, path):
    await run(coggno, path, people(1))
    before = sandbox.requests.total
    other = coggno.as_company(7)
    other.sandbox = sandbox
    with pytest.raises(JournalError, match="company 7"):
        await run(other, path, people(1))
    assert sandbox.requests.total == before


async def test_renewed_key_is_accepted_with_recheck(coggno, path):
    """Another account is refused: its users would count as done."""
    await run(coggno, path, people(2))
    renewed = Renewed(coggno, lambda *_: None)
    renewed.sandbox = coggno.sandbox
    async with SqliteJournal(path) as journal:
        await begun(renewed, journal, people(2), recheck=True)
        await begun(renewed, journal, people(2))
    before = coggno.sandbox.requests.total
    with pytest.raises(JournalError, match="another API key"):
        await run(coggno, path, people(2))
    assert coggno.sandbox.requests.total == before


async def test_broken_journal_stops_the_run(coggno, sandbox, path):
    """No request leaves whose intent is not kept, and the run says why it ended."""

    class Failing(sqlite3.Connection):
        commits = 0

        def execute(self, statement, *values):
            self.commits += statement == "COMMIT"
            if self.commits > 8:
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(statement, *values)

    def connect(uri):
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, factory=Failing)

    rows, results, journal = people(50), {}, SqliteJournal(path, connect=connect)
    plan, options = await begun(coggno, journal, rows, concurrency=1)
    work = carry_out(coggno, plan, **options)
    with pytest.raises(StoppedError, match="disk is full"):
        async for result in work:
            results[result.line] = result
    await journal.close()
    results.update((result.line, result) for result in work.rest())
    assert len(results) == 50
    writes = sent(sandbox, WRITES)
    assert 0 < writes < 50
    check_against_effects(sandbox, results, range(1, 51))
    again = await run(coggno, path, rows)
    assert outcomes(again) == ["created"] * 50
    check_against_effects(sandbox, again, range(1, 51))


async def begun_without_lists(coggno, journal, rows):
    """A job that has begun, and whose process died before it had a plan."""
    await read_earlier(journal, read_roster(rows), coggno, recheck=False)


def scope_of(coggno):
    return JournalScope.of(coggno)


async def test_what_was_never_sent_is_not_in_doubt(coggno, sandbox, path):
    """An error that is not of the API was raised before anything left: the next run need not find out."""

    def refuse(operation, _):
        if operation.__name__ == "create_user":
            raise InvalidRequestError("not sent")

    client = Intercepted(coggno, refuse)
    client.sandbox = sandbox
    assert outcomes(await run(client, path, people(1, groups=[]))) == ["failed"]
    with JournalReader(path) as reader:
        assert [*reader.writes()] == []


async def test_removal_without_a_result_is_not_forgotten(coggno, sandbox, path):
    """Who may have been deleted is compared with the server when a later roster has them again."""
    await run(coggno, path, people(3))
    async with SqliteJournal(path) as journal:
        await journal.begin(attrs.evolve(a_job(b"without"), scope=JournalScope.of(coggno)))
        await journal.intend(Write(kind=WriteKind.DELETE_USER, key="u2@example.com"))
        await journal.finish()
    (gone,) = [user for user in sandbox.users() if user.login == "u2@example.com"]
    await coggno.users.delete(gone.id)
    results = await run(coggno, path, people(3))
    assert (results[3].outcome is RowOutcome.CREATED) == (len(sandbox.users()) == 3)
    assert outcomes(results)[:2] == ["created", "created"]
