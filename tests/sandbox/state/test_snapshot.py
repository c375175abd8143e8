"""The state as data for JSON, and back."""

import json

import pytest

from coggno.sandbox import Sandbox
from coggno.sandbox.state import AccountState, SnapshotError, restore_snapshot, take_snapshot


def data(sandbox: Sandbox) -> dict:
    """The state of a sandbox, as it is after a trip through JSON."""
    return json.loads(json.dumps(sandbox._executor.peek(take_snapshot)))


@pytest.fixture
def full() -> Sandbox:
    """A sandbox with a bit of everything: several companies, deleted users and groups, licenses."""
    sandbox = Sandbox()
    users = sandbox.populate(users=30, documents=4, groups=3)
    second = sandbox.seed_company(name="Second")
    sandbox.seed_user("ann", company=second.id)
    sandbox.seed_group("Drivers", members=[users[0].id], company=second.id)
    sandbox.seed_document("Only here", company=second.id)
    gone = sandbox.groups()[-1]
    with sandbox._executor.seeding() as state:
        state.delete_user(1, users[5])
        state.delete_group(gone)
        state.delete_group(state.create_group(1, "Last", None))
    return sandbox


def test_everything_comes_back(full):
    found = restore_snapshot(data(full))
    assert take_snapshot(found) == data(full)
    before = full._executor.peek(AccountState.copy)
    for company in (1, 2):
        assert found.groups.of(company) == before.groups.of(company)
        assert found.users.in_lms(company) == before.users.in_lms(company)
        for group in found.groups.of(company):
            assert list(found.memberships.of(group.id)) == list(before.memberships.of(group.id))
    assert found.companies.all() == before.companies.all()
    assert found.document_licenses(1, found.documents.get(1, "4")) == before.document_licenses(
        1, before.documents.get(1, "4")
    )


def test_ids_go_on_where_they_were(full):
    found, before = restore_snapshot(data(full)), full._executor.peek(AccountState.copy)
    assert found.create_group(1, "New", None) == before.create_group(1, "New", None)


def test_logins_of_deleted_users_stay_taken(full):
    (deleted,) = [user for user in data(full)["users"] if user["company"] is None and user["login"] != "owner"][:1]
    assert restore_snapshot(data(full)).users.registered(deleted["login"]) is not None


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("format", 2, "its format is 2, and this version reads format 1"),
        ("users", None, "the file.users: has the wrong type (NoneType)"),
        ("users.3", 7, "users[3]: must be a JSON object"),
        ("users.3.login", None, "users[3].login: has the wrong type (NoneType)"),
        ("users.3.id", True, "users[3].id: has the wrong type (bool)"),
        ("users.3.id", 9, "users[3]: id must be 4: ids of users have no gaps"),
        ("users.3.login", "owner", "users[3]: the user is registered already"),
        ("users.3.company", 9, "users[3]: there is no company 9"),
        ("users.3.password", "x", "users[3]: 'password' is unknown"),
        ("companies", [], "companies: there must be at least one"),
        ("companies.0.parent", 1, "companies[0]: parent must be the id of a company above it, and null for the first"),
        ("companies.1.parent", 2, "companies[1]: parent must be the id of a company above it, and null for the first"),
        ("companies.0.owner", 999, "companies[0]: owner 999 is not among the users"),
        ("groups.1.id", 1, "groups[1]: ids of groups must ascend, up to last_group"),
        ("last_group", 1, "groups[1]: ids of groups must ascend, up to last_group"),
        ("groups.0.company", 9, "groups[0]: there is no company 9"),
        ("groups.0.members", [999], "groups[0].members, user 999: no such user"),
        ("groups.0.members", ["2"], "groups[0].members: must be ids of users"),
        ("documents.1.id", 7, "documents[1]: id must be 2: ids of documents have no gaps"),
        ("documents.1.company", 9, "documents[1]: there is no company 9"),
        ("licenses.0.user", 999, "licenses[0]: no such user or document"),
    ],
)
def test_mistake_is_named_with_its_location(full, path, value, problem):
    broken = data(full)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = broken
    for part in parents:
        target = target[part]
    target[last] = value
    with pytest.raises(SnapshotError) as caught:
        restore_snapshot(broken)
    assert str(caught.value) == problem


def test_missing_field_is_named(full):
    broken = data(full)
    del broken["groups"][0]["name"]
    with pytest.raises(SnapshotError, match=r"groups\[0\]: 'name' is missing"):
        restore_snapshot(broken)


@pytest.mark.parametrize("content", [[], {}, "text", None, {"users": []}])
def test_other_data_is_no_state(content):
    with pytest.raises(SnapshotError, match="there is no state of a sandbox in it"):
        restore_snapshot(content)
