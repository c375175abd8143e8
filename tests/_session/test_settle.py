"""Which reads settle a write, and what their responses mean."""

import pytest

from coggno import Request
from coggno._generated import operations
from coggno._session.settle import ABSENT, Check, ambiguous_source, control_read, describe, evaluate, settling_read
from coggno.models import Group, User

ADA = User(id=7, login="Ada", first_name="Zoé", last_name="Lovelace")


def create(**changes):
    form = {
        "email": "ada@example.com",
        "login": "ada",
        "first_name": "Zoé",
        "last_name": "Lovelace",
        "password": "s3cret",
    }
    return Request(operation=operations.CREATE_USER, form={**form, **changes})


def delete(user):
    return Request(operation=operations.DELETE_USER, path={"user": user})


def test_settling_read_is_filled_from_the_write():
    read = settling_read(operations.CREATE_USER.settle, create(login=None))
    assert (read.operation.id, read.path) == ("getUser", {"user": "ada@example.com"})
    add = Request(operation=operations.ADD_GROUP_USER, path={"group_id": 3}, form={"id": 7})
    assert settling_read(operations.ADD_GROUP_USER.settle, add).path == {"group_id": 3, "user": 7}


def test_control_read_is_a_list_of_the_same_collection():
    add = Request(operation=operations.ADD_GROUP_USER, path={"group_id": 3}, form={"id": 7})
    control = control_read(operations.ADD_GROUP_USER.settle, add)
    assert (control.operation.id, control.path) == ("listGroupUsers", {"group_id": 3})
    assert control_read(operations.CREATE_USER.settle, create()).operation.id == "listUsers"
    group = Request(operation=operations.CREATE_GROUP, form={"name": "X"})
    assert control_read(operations.CREATE_GROUP.settle, group) is None


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({}, "done"),
        ({"first_name": "Zoe\u0301"}, "done"),
        ({"first_name": "  ZOE\u0301 "}, "done"),
        ({"login": " ADA"}, "done"),
        ({"first_name": "Adam"}, "taken"),
        ({"login": "7"}, "unknown"),
    ],
)
def test_a_created_user_is_ours_or_taken_or_unknown(changes, finding):
    assert evaluate(operations.CREATE_USER.settle, create(**changes), ADA).finding == finding


@pytest.mark.parametrize(
    ("user", "finding"),
    [
        (7, "resend"),
        ("ada", "resend"),
        ("ADA", "resend"),
        (8, "unknown"),  # the server took the id for a login
        ("7", "unknown"),  # the server took the login for an id
        ("bob", "unknown"),
    ],
)
def test_a_deletion_is_repeated_only_for_the_same_user(user, finding):
    """A settling read once found a user whose login was the id, and that user was deleted next."""
    assert evaluate(operations.DELETE_USER.settle, delete(user), ADA).finding == finding


def test_absence_has_the_meaning_of_the_spec():
    assert evaluate(operations.DELETE_USER.settle, delete(7), ABSENT).finding == "done"
    assert evaluate(operations.CREATE_USER.settle, create(), ABSENT).finding == "resend"


def test_a_list_is_filtered_by_the_key():
    request = Request(operation=operations.DELETE_GROUP_BY_NAME, form={"name": "X"})
    groups = [Group(id=1, name="X"), Group(id=2, name="Y")]
    check = evaluate(operations.DELETE_GROUP_BY_NAME.settle, request, groups)
    assert (check.finding, check.candidates) == ("unknown", (groups[0],))
    assert evaluate(operations.DELETE_GROUP_BY_NAME.settle, request, groups[1:]).finding == "done"


def test_ambiguous_source():
    assert ambiguous_source(operations.DELETE_USER.settle) == "path.user"
    assert ambiguous_source(operations.REMOVE_GROUP_USER.settle) == "path.user"
    assert ambiguous_source(operations.ADD_GROUP_USER.settle) is None
    assert ambiguous_source(None) is None


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Check("failed", error=ValueError("why")), "the check for it failed (why)"),
        (Check("unknown", candidates=(ADA,)), "1 candidate was found"),
        (Check("unknown", candidates=(ADA, ADA)), "2 candidates were found"),
        (Check("resend"), "was not found on the server"),
    ],
)
def test_describe(check, words):
    assert words in describe(check)
