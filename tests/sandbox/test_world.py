"""Seeds, what tests read, and late commits."""

import time

import pytest

from coggno.sandbox import ManualClock, Sandbox
from coggno.sandbox.operations import OPERATIONS, ApiCall

from .support import PASSWORD, person

CREATE_USER = next(operation for operation in OPERATIONS if operation.id == "createUser")


def create(login: str, company: int = 1) -> ApiCall:
    return ApiCall(operation=CREATE_USER, company=company, path={}, form=person(login))


class TestSeeds:
    def test_they_are_there_and_leave_no_effect(self, sandbox):
        company = sandbox.seed_company(name="Second", login="boss")
        users = sandbox.seed_users(3, company=company.id)
        group = sandbox.seed_group("one", members=[users[0].id], company=company.id)
        ann = sandbox.seed_user("ann", groups=[group.id], company=company.id)
        sandbox.seed_license(ann.id, sandbox.seed_document("More", company=company.id).id)
        assert sandbox.users(company.id) == (*users, ann)
        assert sandbox.users() == ()
        assert sandbox.groups(company.id) == (group,)
        assert sandbox.members(group.id) == (users[0], ann)
        assert [each.name for each in sandbox.companies()] == ["Sandbox", "Second"]
        assert sandbox.user("ann", company.id) == sandbox.user(ann.id, company.id) == ann
        assert sandbox.user("ann") is None
        assert sandbox.registered("boss") is not None
        assert (sandbox.effects, sandbox.requests.total) == ((), 0)

    def test_made_up_names_make_way_for_given_ones(self, sandbox):
        sandbox.seed_user("user1@example.com")
        assert len({user.login for user in sandbox.seed_users(3)}) == 3

    def test_an_email_alone_is_the_login(self, sandbox):
        assert sandbox.seed_user(email="ann@example.com").login == "ann@example.com"

    @pytest.mark.parametrize(
        "seed",
        [
            lambda sandbox: sandbox.seed_user("owner"),
            lambda sandbox: sandbox.seed_user("ann", groups=[9]),
            lambda sandbox: sandbox.seed_user(company=9),
            lambda sandbox: sandbox.seed_group("one", members=[99]),
            lambda sandbox: sandbox.seed_group("one", company=9),
            lambda sandbox: sandbox.seed_company(parent=9),
            lambda sandbox: sandbox.seed_document("x", company=9),
            lambda sandbox: sandbox.seed_license(99),
            lambda sandbox: sandbox.seed_account(""),
            lambda sandbox: sandbox.users(9),
            lambda sandbox: sandbox.groups(9),
        ],
    )
    def test_what_cannot_be_is_a_value_error(self, sandbox, seed):
        with pytest.raises(ValueError, match=r"no such|registered|empty"):
            seed(sandbox)

    def test_the_lag_does_not_hide_them(self):
        sandbox = Sandbox(lag=60, clock=ManualClock())
        user = sandbox.seed_user()
        assert sandbox.users() == (user,)

    def test_samples_can_be_left_out(self):
        assert Sandbox(documents=False).seed_document("First").id == 1


class TestLateCommits:
    def test_after_some_seconds(self, sandbox, clock):
        sandbox.postpone(create("ann"), seconds=5, requests=None)
        clock.advance(4.9)
        assert (sandbox.user("ann"), sandbox.effects, sandbox.pending) == (None, (), 1)
        clock.advance(3)
        (effect,) = sandbox.effects
        assert (effect.login, effect.at, effect.late) == ("ann", 5.0, True)
        assert (sandbox.users()[0].login, sandbox.pending) == ("ann", 0)

    def test_in_the_order_in_which_they_are_due(self, sandbox, clock):
        for login, seconds in [("c", 3), ("a", 1), ("b", 2)]:
            sandbox.postpone(create(login), seconds=seconds, requests=None)
        clock.advance(10)
        assert [effect.login for effect in sandbox.effects] == ["a", "b", "c"]

    def test_after_so_many_requests_which_do_not_see_it(self, sandbox):
        sandbox.arrive()
        sandbox.postpone(create("ann"), seconds=0, requests=2)
        for _ in range(2):
            assert sandbox.pending == 1
            sandbox.arrive()
        sandbox.arrive()
        assert sandbox.pending == 0
        assert [effect.login for effect in sandbox.effects] == ["ann"]

    def test_all_at_once_when_told(self, sandbox):
        for login in ("ann", "bob", "ann"):
            sandbox.postpone(create(login), seconds=1000, requests=None)
        assert sandbox.commit_late() == 2
        assert [user.login for user in sandbox.users()] == ["ann", "bob"]
        assert sandbox.commit_late() == 0

    def test_what_cannot_be_done_any_more_is_left_undone(self, sandbox, clock):
        sandbox.postpone(create("ann"), seconds=1, requests=None)
        sandbox.seed_user("ann")
        clock.advance(1)
        assert (sandbox.effects, sandbox.pending) == ((), 0)


def test_effects_hold_no_password(sandbox):
    sandbox.perform(create("ann"))
    assert PASSWORD not in repr(sandbox.effects)
    assert PASSWORD not in repr(sandbox.users())


def test_effects_are_numbered_in_order(sandbox, clock):
    for n in range(5):
        clock.advance(1)
        sandbox.perform(create(f"user{n}"))
    assert [(effect.seq, effect.at) for effect in sandbox.effects] == [(n, float(n)) for n in range(1, 6)]


def test_lookups_do_not_slow_down_with_the_number_of_users(sandbox):
    """100,000 users take seconds, and one lookup of each takes no longer: nothing is scanned."""
    started = time.perf_counter()
    users = sandbox.seed_users(100_000)
    group = sandbox.seed_group("all", members=(user.id for user in users))
    assert all(sandbox.user(user.login) is user for user in users)
    assert len(sandbox.members(group.id)) == len(sandbox.users()) == 100_000
    assert time.perf_counter() - started < 20
