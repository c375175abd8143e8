"""Carrying changes out: effects, late commits, reads that lag."""

import pytest

from coggno.sandbox import ManualClock
from coggno.sandbox.api.calls import ApiCall
from coggno.sandbox.api.operations import OPERATIONS
from coggno.sandbox.execution import Executor, ReadDelay
from coggno.sandbox.state import AccountState, InvalidDataError, NewPerson, RecordNotFoundError
from tests.sandbox.helpers import PASSWORD, person

BY_ID = {operation.id: operation for operation in OPERATIONS}


def call(operation: str, *, company: int = 1, form: dict | None = None, **path: str) -> ApiCall:
    return ApiCall(operation=BY_ID[operation], company=company, path=path, form=form or {})


def create(login: str) -> ApiCall:
    return call("createUser", form=person(login))


def users(executor: Executor) -> list[str]:
    return executor.read(lambda state: [user.login for user in state.users.in_lms(1).values()])


def listed(executor: Executor) -> list[str]:
    """What a request for the list of users gets."""
    return [user["login"] for user in executor.perform(call("listUsers"))]


def user(executor: Executor, login: str) -> object:
    return executor.read(lambda state: state.users.registered(login))


@pytest.fixture
def executor(clock: ManualClock) -> Executor:
    executor = Executor(AccountState(), clock)
    with executor.seeding() as state:
        state.create_company(NewPerson(email="owner@example.com", first_name="O", last_name="W"), "Root")
    return executor


class TestLateCommits:
    def test_after_some_seconds(self, executor, clock):
        executor.postpone(create("ann"), seconds=5, requests=None)
        clock.advance(4.9)
        assert (user(executor, "ann"), executor.effects(), executor.pending()) == (None, (), 1)
        clock.advance(3)
        (effect,) = executor.effects()
        assert (effect.login, effect.at, effect.late) == ("ann", 5.0, True)
        assert (users(executor)[0], executor.pending()) == ("ann", 0)

    def test_in_the_order_in_which_they_are_due(self, executor, clock):
        for login, seconds in [("c", 3), ("a", 1), ("b", 2)]:
            executor.postpone(create(login), seconds=seconds, requests=None)
        clock.advance(10)
        assert [effect.login for effect in executor.effects()] == ["a", "b", "c"]

    def test_after_so_many_requests(self, executor):
        executor.receive()
        executor.postpone(create("ann"), seconds=0, requests=2)
        for _ in range(2):
            assert executor.pending() == 1
            executor.receive()
        executor.receive()
        assert executor.pending() == 0
        assert [effect.login for effect in executor.effects()] == ["ann"]

    def test_commit_late_makes_all_at_once(self, executor):
        for login in ("ann", "bob", "ann"):
            executor.postpone(create(login), seconds=1000, requests=None)
        assert executor.commit_late() == 2
        assert users(executor) == ["ann", "bob"]
        assert executor.commit_late() == 0

    def test_late_commit_that_fails_has_no_effect(self, executor, clock):
        executor.postpone(create("ann"), seconds=1, requests=None)
        with executor.seeding() as state:
            state.create_user(1, NewPerson(email="a@b.c", first_name="A", last_name="B", login="ann"))
        clock.advance(1)
        assert (executor.effects(), executor.pending()) == ((), 0)


def test_effects_hold_no_password(executor):
    executor.perform(create("ann"))
    assert PASSWORD not in repr(executor.effects())
    assert PASSWORD not in repr(executor.read(lambda state: state.users.in_lms(1)))


def test_effects_are_numbered_in_order(executor, clock):
    for n in range(5):
        clock.advance(1)
        executor.perform(create(f"user{n}"))
    assert [(effect.seq, effect.at) for effect in executor.effects()] == [(n, float(n)) for n in range(1, 6)]


class TestReadsThatLag:
    def test_so_many_reads_do_not_see_the_write(self, executor):
        executor.perform(create("ann"), delay=ReadDelay(reads=2))
        assert [listed(executor) for _ in range(4)] == [[], [], ["ann"], ["ann"]]

    def test_for_so_many_seconds_reads_do_not_see_it(self, executor, clock):
        executor.perform(create("ann"), delay=ReadDelay(5))
        assert listed(executor) == []
        clock.advance(4.9)
        assert listed(executor) == []
        clock.advance(0.1)
        assert listed(executor) == ["ann"]

    def test_what_is_taken_and_what_tests_see_does_not_lag(self, executor):
        executor.perform(create("ann"), delay=ReadDelay(reads=100))
        with pytest.raises(InvalidDataError):
            executor.perform(create("ann"))
        assert users(executor) == ["ann"]
        assert [effect.operation for effect in executor.effects()] == ["createUser"]

    @pytest.mark.parametrize(
        "write",
        [
            call("deleteUser", user="ann"),
            call("deleteUser", user="2"),
            call("addGroupUser", group="1", form={"id": "2"}),
            call("removeGroupUser", group="1", user="ann"),
        ],
    )
    def test_a_write_does_not_find_a_user_that_reads_do_not_see(self, executor, write):
        executor.perform(call("createGroup", form={"name": "one"}))
        executor.perform(create("ann"), delay=ReadDelay(5))
        with pytest.raises(RecordNotFoundError):
            executor.perform(write)
        assert [effect.operation for effect in executor.effects()] == ["createGroup", "createUser"]

    def test_an_id_that_is_none_is_still_invalid(self, executor):
        executor.perform(call("createGroup", form={"name": "one"}))
        executor.perform(create("ann"), delay=ReadDelay(5))
        with pytest.raises(InvalidDataError):
            executor.perform(call("addGroupUser", group="1", form={"id": "ann"}))

    def test_a_deletion_lags_as_well(self, executor):
        executor.perform(create("ann"))
        executor.perform(call("deleteUser", user="ann"), delay=ReadDelay(reads=1))
        assert executor.perform(call("getUser", user="ann"))["login"] == "ann"
        with pytest.raises(RecordNotFoundError):
            executor.perform(call("getUser", user="ann"))

    def test_a_membership_lags_as_well(self, executor):
        executor.perform(create("ann"))
        executor.perform(call("createGroup", form={"name": "one"}))
        executor.perform(call("addGroupUser", group="1", form={"id": "2"}), delay=ReadDelay(reads=1))
        assert [len(executor.perform(call("listGroupUsers", group="1"))) for _ in range(2)] == [0, 1]

    def test_writes_become_visible_in_their_order(self, executor):
        executor.perform(create("ann"), delay=ReadDelay(reads=2))
        executor.perform(create("bob"))
        assert [listed(executor) for _ in range(3)] == [[], [], ["ann", "bob"]]

    def test_ids_are_the_same_on_both_sides(self, executor):
        executor.perform(create("ann"), delay=ReadDelay(reads=1))
        with pytest.raises(InvalidDataError):
            executor.perform(create("ann"))
        made = [executor.perform(create(login), delay=ReadDelay(reads=1)) for login in ("bob", "eve")]
        listed(executor)
        assert executor.perform(call("listUsers"))[1:] == made

    def test_a_refused_write_hides_nothing(self, executor):
        executor.perform(create("ann"))
        with pytest.raises(InvalidDataError):
            executor.perform(create("ann"), delay=ReadDelay(reads=9))
        executor.perform(create("bob"))
        assert listed(executor) == ["ann", "bob"]

    def test_seeds_end_a_lag(self, executor):
        executor.perform(create("ann"), delay=ReadDelay(reads=100))
        with executor.seeding() as state:
            state.create_user(1, NewPerson(email="b@c.d", first_name="B", last_name="C", login="bob"))
        assert listed(executor) == ["ann", "bob"]

    def test_a_late_commit_shows_behind_what_lags(self, executor, clock):
        executor.perform(create("ann"), delay=ReadDelay(10))
        executor.postpone(create("bob"), seconds=1, requests=None)
        clock.advance(5)
        executor.receive()
        assert (users(executor), listed(executor)) == (["ann", "bob"], [])
        clock.advance(5)
        assert listed(executor) == ["ann", "bob"]
