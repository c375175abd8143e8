"""Who is not removed although the roster does not have them: because it may be wrong, or because nobody can tell."""

import asyncio

import pytest

from coggno import ConfigurationError
from coggno.provisioning import (
    Removals,
    RemovalsRefusedError,
    RowOutcome,
    RunOptions,
    SqliteJournal,
    make_plan,
    read_roster,
)
from coggno.provisioning.journal import Write, WriteKind, WriteOutcome
from coggno.sandbox import Sandbox, parse_fault
from tests.provisioning.execution.test_removals import account, remove, removed
from tests.provisioning.helpers import Intercepted, broken, carry_out, client_of, people, rename

USERS = Removals(scope="users", max_share=0.5)
NEW = {"first_name": "Bob", "last_name": "Burns", "password": "s3cret-word"}


def rows_with(*rows):
    return [*people(20, groups=["Warehouse"]), *({**NEW, "groups": ["Warehouse"], **row} for row in rows)]


async def forecast(sandbox, rows, removals):
    async with client_of(sandbox) as coggno:
        return (await make_plan(coggno, read_roster(rows), RunOptions(removals=removals))).leavers


@pytest.mark.parametrize("scope", ["members", "users"])
@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        ("createUser:status=422", "registered_elsewhere"),
        ("createUser:status=400", "failed"),
    ],
)
async def test_a_row_that_failed_keeps_everybody(scope, faults, outcome):
    """Its person may be here under another login."""
    sandbox = broken()
    account(sandbox, 20, 1)
    with pytest.raises(RemovalsRefusedError, match=rf"1 row did not end as wanted \(1 {outcome}\)"):
        await remove(sandbox, rows_with({"email": "bob@example.com"}), faults, removals=Removals(scope=scope))
    assert not removed(sandbox)


async def test_a_login_taken_elsewhere_keeps_everybody():
    """The e-mail address may be that of the user who would be deleted: the API shows no addresses."""
    sandbox = Sandbox()
    account(sandbox, 20, 0)
    sandbox.seed_user("bob")
    sandbox.seed_user("bob@example.com", company=sandbox.seed_company().id)
    with pytest.raises(RemovalsRefusedError, match="1 registered_elsewhere"):
        await remove(sandbox, rows_with({"email": "bob@example.com"}), removals=USERS)
    assert not removed(sandbox)


async def test_a_conflict_is_forecast_as_an_obstacle():
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    sandbox.seed_user("bob@example.com", first_name="Somebody", last_name="Else")
    rows = rows_with({"email": "bob@example.com"})
    assert "1 conflict" in (await forecast(sandbox, rows, USERS)).objection()
    with pytest.raises(RemovalsRefusedError, match="1 conflict"):
        await remove(sandbox, rows, removals=USERS)
    assert not removed(sandbox)


@pytest.mark.parametrize("login", ["1.23E+11", "'bob", "1-Mar", "#REF!"])
async def test_a_damaged_login_keeps_everybody(login):
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    rows = rows_with({"email": "bob@example.com", "login": login})
    assert "line 21" in (await forecast(sandbox, rows, USERS)).objection()
    with pytest.raises(RemovalsRefusedError, match="line 21: login .* looks like"):
        await remove(sandbox, rows, removals=USERS)
    assert not removed(sandbox)


@pytest.mark.parametrize(
    ("theirs", "login"), [("00123", "123"), ("bob", "b\u043eb"), ("123456789012345678", "123456789012345000")]
)
async def test_a_lookalike_stays(theirs, login):
    """Others leave, and the one who stays is reported; so it is when the run is repeated."""
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    sandbox.seed_user(theirs, first_name="Robert", last_name="Burns")
    rows = rows_with({"email": "bob@example.com", "login": login})
    assert [leaver.login for leaver, _ in (await forecast(sandbox, rows, USERS)).kept] == [theirs]
    _, left = await remove(sandbox, rows, removals=USERS)
    assert {result.login: result.outcome for result in left} == {
        theirs: RowOutcome.REFUSED,
        "left0@example.com": RowOutcome.DELETED,
    }
    assert "differs only in how it is written" in left[0].detail
    assert theirs in {user.login for user in sandbox.users()}
    assert (await forecast(sandbox, rows, USERS)).found == []


async def test_the_name_of_a_new_user_keeps_the_old_one(tmp_path):
    """Probably the same person with a new login; a journal remembers who is new."""
    sandbox = Sandbox()
    account(sandbox, 20, 0)
    sandbox.seed_user("old", first_name="BOB", last_name="Burns")
    async with client_of(sandbox) as coggno:
        for _ in range(2):
            async with SqliteJournal(tmp_path / "journal") as journal:
                options = RunOptions(removals=USERS, journal=journal)
                plan = await make_plan(coggno, read_roster(rows_with({"email": "new@example.com"})), options)
                run = carry_out(coggno, plan, removals=USERS, journal=journal)
                assert [result.outcome async for result in run if not result.line] == [RowOutcome.REFUSED]
    assert not removed(sandbox)


async def test_too_many_lookalikes_keep_everybody():
    sandbox = Sandbox()
    for number in range(1, 103):
        sandbox.seed_user(f"0{number}")
    rows = [{**NEW, "email": f"u{number}@example.com", "login": str(number)} for number in range(1, 103)]
    with pytest.raises(RemovalsRefusedError, match="more than 100 users"):
        await remove(sandbox, rows, removals=USERS)
    assert not removed(sandbox)


@pytest.mark.parametrize("scope", ["members", "users"])
async def test_a_protected_login_of_nobody_keeps_everybody(scope):
    """An entry with a typo protects nobody."""
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    rows = people(20, groups=["Warehouse"])
    removals = Removals(scope=scope, protect=["u3@example.com", "left0@exmaple.com", "nobody\u200b"])
    words = r"2 protected logins belong to nobody who is there: 'left0@exmaple.com', 'nobody\\u200b'"
    with pytest.raises(RemovalsRefusedError, match=words):
        await remove(sandbox, rows, removals=removals)
    assert not removed(sandbox)


async def test_protected_users_need_not_be_members():
    """They may be in no group of the roster, or come with it."""
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    sandbox.seed_user("boss")
    removals = Removals(protect=["boss", "bob@example.com"])
    _, left = await remove(sandbox, rows_with({"email": "bob@example.com"}), removals=removals)
    assert [result.outcome for result in left] == [RowOutcome.LEFT]


async def test_one_404_is_not_taken_for_gone():
    """The first read of the user comes from a copy of the data that is behind."""
    sandbox = broken()
    account(sandbox, 20, 1)
    fault = "getUser:status=404,times=1"
    _, left = await remove(sandbox, people(20, groups=["Warehouse"]), fault, removals=USERS)
    assert [result.outcome for result in left] == [RowOutcome.DELETED]
    assert removed(sandbox).total() == 1


class LoginsFirst(Intercepted):
    """Of a server that finds a user by its login before it looks for an id."""

    async def call(self, operation, *args, **values):
        found = await self._client.call(operation, *args, **values)
        if operation.__name__ == "get_user":
            return await self._client.call(operation, self.other)
        return found

    def with_options(self, **options):
        copy = LoginsFirst(self._client.with_options(**options), self._before)
        copy.other = self.other
        return copy


async def test_another_user_in_the_response_is_no_absence():
    """The user is in the list: to claim that it was gone would be wrong, and a deletion would meet the other."""
    sandbox = broken()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    other = sandbox.seed_user(str(leaver.id + 100_000), first_name="Digit", last_name="Login")
    removals = Removals(scope="users", protect=[other.login])
    async with client_of(sandbox) as coggno:
        client = LoginsFirst(coggno, lambda *_: None)
        client.other = other.id
        rows = read_roster(people(20, groups=["Warehouse"]))
        plan = await make_plan(client, rows, RunOptions(removals=removals))
        run = carry_out(client, plan, removals=removals)
        left = [result async for result in run if not result.line]
    assert [(result.outcome, result.login) for result in left] == [(RowOutcome.FAILED, leaver.login)]
    assert "for the login of another user" in left[0].detail
    assert not removed(sandbox)


class Unanswered(Intercepted):
    """Never returns from a deletion, which is carried out."""

    def with_options(self, **options):
        return Unanswered(self._client.with_options(**options), self._before)

    async def call(self, operation, *args, **values):
        found = await self._client.call(operation, *args, **values)
        if operation.__name__ == "delete_user":
            await asyncio.Event().wait()
        return found


async def test_a_deletion_that_is_cut_off_is_unknown():
    """It was carried out: nobody may read that it was not attempted."""
    sandbox = broken()
    account(sandbox, 20, 1)
    async with client_of(sandbox) as coggno:
        client = Unanswered(coggno, lambda *_: None)
        rows = read_roster(people(20, groups=["Warehouse"]))
        run = carry_out(client, await make_plan(client, rows, RunOptions(removals=USERS)), removals=USERS)

        async def consume():
            return [result async for result in run]

        consumer = asyncio.create_task(consume())
        while not removed(sandbox):
            await asyncio.sleep(0)
        consumer.cancel()
        await asyncio.gather(consumer, return_exceptions=True)
        await run.aclose()
        (left,) = [result for result in run.rest() if not result.line]
    assert (left.outcome, left.not_attempted) == (RowOutcome.UNKNOWN, False)


async def test_nobody_is_left_out_when_the_run_is_left(tmp_path):
    """Those who were removed are in the journal, and those who were not begun are reported as that."""
    sandbox = broken()
    account(sandbox, 20, 15)
    removals = Removals(scope="users", max_share=1.0)
    async with client_of(sandbox) as coggno, SqliteJournal(tmp_path / "journal") as journal:
        options = RunOptions(removals=removals, journal=journal)
        plan = await make_plan(coggno, read_roster(people(20, groups=["Warehouse"])), options)
        run = carry_out(coggno, plan, removals=removals, journal=journal, concurrency=2)
        left = []
        async for result in run:
            if not result.line:
                left.append(result)
                break
        await run.aclose()
        left += [result for result in run.rest() if not result.line]
        recorded = {result.login async for result in journal.results() if not result.line}
    assert len({result.login for result in left}) == len(left) == 15
    deleted = {login for _, login, _ in removed(sandbox)}
    done = {result.login for result in left if result.outcome is RowOutcome.DELETED}
    # A request that was on its way when the run was left may have been carried out: its user is reported as unknown.
    in_doubt = {result.login for result in left if result.outcome is RowOutcome.UNKNOWN}
    assert done == recorded
    assert done <= deleted <= done | in_doubt
    assert {result.not_attempted for result in left if result.login not in done | in_doubt} == {True}


async def test_refused_removals_finish_the_job(tmp_path):
    sandbox = Sandbox()
    account(sandbox, 20, 9)
    async with client_of(sandbox) as coggno, SqliteJournal(tmp_path / "journal") as journal:
        options = RunOptions(removals=Removals(), journal=journal)
        plan = await make_plan(coggno, read_roster(people(20, groups=["Warehouse"])), options)
        with pytest.raises(RemovalsRefusedError):
            _ = [result async for result in carry_out(coggno, plan, removals=Removals(), journal=journal)]
        again = await make_plan(coggno, read_roster(people(20, groups=["Warehouse"])), options)
        assert again.earlier.state.is_finished


async def test_a_renamed_leaver_stays():
    """The same id with another login is somebody whom no plan has shown."""
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    rows = people(20, groups=["Warehouse"])
    _, left = await remove(sandbox, rows, removals=USERS, then=lambda: rename(leaver, "carol"))
    assert (left, removed(sandbox).total()) == ([], 0)


async def test_removals_are_those_of_the_plan():
    """Nobody is removed whom no plan has shown, and nobody is forgotten who was planned."""
    sandbox = Sandbox()
    account(sandbox, 20, 1)
    rows = read_roster(people(20, groups=["Warehouse"]))
    async with client_of(sandbox) as coggno:
        with pytest.raises(ConfigurationError, match="not those of the plan"):
            carry_out(coggno, await make_plan(coggno, rows), removals=USERS)
        plan = await make_plan(coggno, rows, RunOptions(removals=USERS))
        with pytest.raises(ConfigurationError, match="not those of the plan"):
            carry_out(coggno, plan, removals=Removals())
        results = [result.outcome async for result in carry_out(coggno, plan) if not result.line]
    assert results == [RowOutcome.DELETED]


async def test_a_deleted_group_is_not_waited_for():
    """Its list of members ends with 404, while the API works."""
    sandbox = broken()
    group = account(sandbox, 20, 1)
    async with client_of(sandbox) as coggno:
        options = RunOptions(removals=Removals())
        plan = await make_plan(coggno, read_roster(people(20, groups=["Warehouse"])), options)
        await coggno.groups.delete(group.id)
        began = sandbox.clock.now()
        left = [result async for result in carry_out(coggno, plan, removals=Removals()) if not result.line]
    assert left == []
    assert sandbox.clock.now() - began < 60


async def test_rest_yields_every_result_once():
    sandbox = Sandbox()
    account(sandbox, 1, 0)
    async with client_of(sandbox) as coggno:
        # The second row is merged into the first: both results come at once.
        rows = [*people(1), *people(1)]
        run = carry_out(coggno, await make_plan(coggno, read_roster(rows)))
        await anext(run)
        await run.aclose()
        assert [result.line for result in run.rest()] == [2]
        assert [*run.rest()] == []
        assert run.progress.done == 2


async def test_the_share_holds_in_each_company():
    """The column of the company may be wrong in some rows: most of a small company are few of all."""
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    for number in range(8):
        sandbox.seed_user(f"one{number}@example.com", company=one.id)
    account(sandbox, 120, 0)
    rows = [*people(120, groups=["Warehouse"]), {**NEW, "email": "bob@example.com", "company": "One"}]
    with pytest.raises(RemovalsRefusedError, match=rf"7 of 8 of company {one.id} would be deleted.* at most 10%"):
        await remove(sandbox, rows, removals=Removals(scope="users", protect=["one0@example.com"]))
    assert not removed(sandbox)


async def test_the_share_holds_in_each_group():
    sandbox = Sandbox()
    account(sandbox, 120, 0)
    office = sandbox.seed_group("Office")
    for number in range(8):
        sandbox.seed_user(f"office{number}@example.com", groups=[office.id])
    rows = [*people(120, groups=["Warehouse"]), {**NEW, "email": "bob@example.com", "groups": ["Office"]}]
    with pytest.raises(RemovalsRefusedError, match="8 of 8 in group 'Office' of the company would be removed"):
        await remove(sandbox, rows, removals=Removals())
    assert not removed(sandbox)


async def test_the_owner_of_a_company_stays():
    """The user that it was created with: without it nobody may be able to manage the company."""
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    owner = sandbox.seed_user("owner@example.com", company=one.id)
    sandbox.seed_user("left@example.com", company=one.id)
    rows = [{**NEW, "email": "bob@example.com", "company": "One"}]
    fault = f"listCompanies:set=0.user_id,to={owner.id}"
    _, left = await remove(sandbox, rows, fault, removals=Removals(scope="users", max_share=1.0))
    assert {result.login: result.outcome for result in left} == {
        "owner@example.com": RowOutcome.REFUSED,
        "left@example.com": RowOutcome.DELETED,
    }


@pytest.mark.parametrize("scope", ["members", "users"])
@pytest.mark.parametrize("outcome", [None, WriteOutcome.DONE])
async def test_removals_of_a_dead_run_are_reported(tmp_path, scope, outcome):
    """It has deleted somebody and died before it could note the result: the next run finds that out, once."""
    sandbox = Sandbox()
    group = account(sandbox, 20, 1)
    removals = Removals(scope=scope, max_share=0.5)
    kind = WriteKind.REMOVE_MEMBER if scope == "members" else WriteKind.DELETE_USER
    group_id = group.id if scope == "members" else None
    reported = []
    async with client_of(sandbox) as coggno:
        for number in range(3):
            async with SqliteJournal(tmp_path / "journal") as journal:
                options = RunOptions(removals=removals, journal=journal)
                plan = await make_plan(coggno, read_roster(people(20, groups=["Warehouse"])), options)
                if not number:
                    ids = {"gone@example.com": 4711, "left0@example.com": sandbox.user("left0@example.com").id}
                    for login, user_id in ids.items():
                        write = Write(kind=kind, key=login, name=login, group_id=group_id, before=[user_id])
                        intent = await journal.intend(write)
                        if outcome is not None and login != "left0@example.com":
                            journal.settle(intent, outcome)
                    continue
                run = carry_out(coggno, plan, removals=removals, journal=journal)
                reported.append({each.login: (each.outcome, each.inferred) async for each in run if not each.line})
    ended = RowOutcome.LEFT if scope == "members" else RowOutcome.DELETED
    assert reported == [{"gone@example.com": (ended, outcome is None), "left0@example.com": (ended, False)}, {}]


class Truncated(Intercepted):
    """Behind a proxy that leaves somebody out of the list of users."""

    def __init__(self, coggno, login):
        super().__init__(coggno, lambda *_: None)
        self.users, self.login = self, login

    def with_options(self, **options):
        return Truncated(self._client.with_options(**options), self.login)

    async def iter(self, **options):
        async for user in self._client.users.iter(**options):
            if user.login != self.login:
                yield user


async def test_a_list_does_not_settle_a_removal(tmp_path):
    """A run has died before its request was carried out, and the next one does not see that user in the list."""
    sandbox = broken()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    async with client_of(sandbox) as coggno, SqliteJournal(tmp_path / "journal") as journal:
        options = RunOptions(removals=USERS, journal=journal)
        client = Truncated(coggno, leaver.login)
        await make_plan(client, read_roster(people(20, groups=["Warehouse"])), options)
        await journal.intend(Write(kind=WriteKind.DELETE_USER, key=leaver.login, name=leaver.login, before=[leaver.id]))
        plan = await make_plan(client, read_roster(people(20, groups=["Warehouse"])), options)
        run = carry_out(client, plan, sandbox.clock, removals=USERS, journal=journal)
        left = [each async for each in run if not each.line]
    assert [(each.login, each.outcome) for each in left] == [(leaver.login, RowOutcome.UNKNOWN)]
    assert "the list does not show the user, who is there" in left[0].detail
    assert not removed(sandbox)


async def test_limits_hold_for_all_parts_of_a_run(tmp_path):
    """It has removed two and died; more come, and the same command would remove two again, with a limit of three."""
    sandbox = Sandbox()
    account(sandbox, 20, 2)
    removals = Removals(scope="users", max_count=3, max_share=1.0)
    rows, reasons = read_roster(people(20, groups=["Warehouse"])), []
    async with client_of(sandbox) as coggno:
        for number in range(3):
            async with SqliteJournal(tmp_path / "journal") as journal:
                options = RunOptions(removals=removals, journal=journal)
                run = carry_out(coggno, await make_plan(coggno, rows, options), removals=removals, journal=journal)
                try:
                    async for result in run:
                        if not number and run.progress.removed == 2:
                            assert result.outcome is RowOutcome.DELETED
                            break
                except RemovalsRefusedError as refused:
                    reasons.append(refused.reason)
                await run.aclose()
            for other in range(2):
                if not number:
                    sandbox.seed_user(f"more{other}@example.com")
    # The second one is refused, and so comes to its end: what is run again after that is another run.
    assert reasons == ["4 would be deleted with the 2 before the interruption, and at most 3 may be (max_count)"]
    assert removed(sandbox).total() == 4


async def test_a_removal_of_a_dead_run_goes_on(tmp_path):
    """The list shows the user, and one read that does not comes from a copy of the data that is behind."""
    sandbox = broken()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    write = Write(kind=WriteKind.DELETE_USER, key=leaver.login, name=leaver.login, before=[leaver.id])
    rows = read_roster(people(20, groups=["Warehouse"]))
    async with client_of(sandbox) as coggno, SqliteJournal(tmp_path / "journal") as journal:
        options = RunOptions(removals=USERS, journal=journal)
        await make_plan(coggno, rows, options)
        await journal.intend(write)
        plan = await make_plan(coggno, rows, options)
        sandbox.faults.add(parse_fault("getUser:status=404,times=1"))
        left = [each async for each in carry_out(coggno, plan, removals=USERS, journal=journal) if not each.line]
    assert [(each.outcome, each.inferred) for each in left] == [(RowOutcome.DELETED, False)]
    assert removed(sandbox).total() == 1


@pytest.mark.parametrize("scope", ["members", "users"])
async def test_nobody_is_gone_whom_the_list_shows(scope):
    """All reads of one user end with 404, those of a proxy that remembers it, for example; the list has that user."""
    sandbox = broken()
    account(sandbox, 20, 1)
    leaver = sandbox.user("left0@example.com")
    fault = f"reads:status=404,key={leaver.id}"
    _, left = await remove(sandbox, people(20, groups=["Warehouse"]), fault, removals=Removals(scope=scope))
    assert [result.outcome for result in left] == [RowOutcome.FAILED]
    assert "the list shows the user, whom no read finds" in left[0].detail
    assert not removed(sandbox)
