"""Records that a sandbox has from the beginning."""

import time

import pytest

from coggno.sandbox import ManualClock, Sandbox


def test_seeds_exist_and_have_no_effect(sandbox):
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


def test_made_up_logins_avoid_taken_ones(sandbox):
    sandbox.seed_user("user1@example.com")
    assert len({user.login for user in sandbox.seed_users(3)}) == 3


def test_an_email_alone_is_the_login(sandbox):
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
def test_impossible_seed_is_a_value_error(sandbox, seed):
    with pytest.raises(ValueError, match=r"no such|registered|empty"):
        seed(sandbox)


def test_the_lag_does_not_hide_them():
    sandbox = Sandbox(lag=60, clock=ManualClock())
    user = sandbox.seed_user()
    assert sandbox.users() == (user,)


def test_samples_can_be_left_out():
    assert Sandbox(documents=False).seed_document("First").id == 1


def test_lookups_take_constant_time(sandbox):
    """100,000 users take seconds, and one lookup of each takes no longer: nothing is scanned."""
    started = time.process_time()
    users = sandbox.seed_users(100_000)
    group = sandbox.seed_group("all", members=(user.id for user in users))
    assert all(sandbox.user(user.login) is user for user in users)
    assert len(sandbox.members(group.id)) == len(sandbox.users()) == 100_000
    assert time.process_time() - started < 20
