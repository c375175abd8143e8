"""A sandbox full of invented people, groups, documents and licenses."""

import time
from collections import Counter

import pytest

from coggno.sandbox import ManualClock, Sandbox
from tests.sandbox.helpers import connect


@pytest.fixture
def empty() -> Sandbox:
    return Sandbox(clock=ManualClock(), documents=False)


def content(sandbox: Sandbox):
    groups = {group.name: [user.login for user in sandbox.members(group.id)] for group in sandbox.groups()}
    return sandbox.users(), groups


def test_same_seed_gives_same_content(empty):
    twin, other = Sandbox(documents=False), Sandbox(documents=False)
    for sandbox, seed in ((empty, 7), (twin, 7), (other, 8)):
        sandbox.populate(users=100, documents=4, seed=seed)
    assert content(empty) == content(twin)
    assert content(empty) != content(other)


def test_more_users_leave_the_first_as_they_are(empty):
    larger = Sandbox(documents=False)
    assert empty.populate(users=20, seed=7) == larger.populate(users=200, seed=7)[:20]


@pytest.mark.parametrize(("users", "groups"), [(0, 0), (5, 0), (100, 3), (2000, 12)])
def test_groups_suit_the_number_of_users(empty, users, groups):
    empty.populate(users=users)
    assert len(empty.groups()) == groups


def test_groups_differ_in_size_and_leave_some_out(empty):
    users = empty.populate(users=1000, groups=5)
    sizes = [len(empty.members(group.id)) for group in empty.groups()]
    assert len(sizes) == 5
    assert max(sizes) > 1.5 * min(sizes)
    assert 900 < sum(sizes) < len(users)


def test_groups_may_outnumber_the_names(empty):
    empty.populate(users=1, groups=14)
    assert [group.name for group in empty.groups()][-2:] == ["Warehouse 2", "Sales 2"]


async def test_responses_show_progress(empty):
    empty.populate(users=200, documents=2, seed=7)
    async with connect(empty) as api:
        documents = (await api.get("documents")).json()
        assert [each["title"] for each in documents] == ["Workplace Safety", "Data Protection"]
        licenses = (await api.get("documents/1/licenses")).json()["licenses"]
        assert set(Counter(each["status"] for each in licenses)) == {"not started", "in progress", "completed"}
        assert any(each["passed"] for each in licenses)
        mine = (await api.get(f"users/{licenses[0]['user']['id']}/licenses")).json()["licenses"]
        assert mine[0]["document"]["id"] == 1


def test_titles_and_logins_that_are_taken_are_avoided():
    sandbox = Sandbox()
    first = sandbox.populate(users=10, documents=1)
    again = sandbox.populate(users=10, documents=1)
    assert not {user.login for user in first} & {user.login for user in again}


def test_it_leaves_no_effect(empty):
    empty.populate(users=10, documents=2)
    assert (empty.effects, empty.requests.total) == ((), 0)


@pytest.mark.parametrize("size", [{"users": -1}, {"documents": -1}, {"groups": -1}, {"company": 9}])
def test_impossible_size_is_a_value_error(empty, size):
    with pytest.raises(ValueError, match=r"must be >= 0|no such company"):
        empty.populate(**size)
    assert content(empty) == ((), {})


def test_large_accounts_are_made_in_seconds(empty):
    started = time.process_time()
    empty.populate(users=20_000, documents=5)
    assert time.process_time() - started < 20
