"""Which read settles a write, and what its answer means; secrets of a request, wherever they stand."""

import pytest

from coggno import Operation, Request
from coggno._generated import operations
from coggno._protocol.values import first_given, secrets
from coggno._session.settle import judge, question
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


def test_the_read_is_filled_from_the_write():
    asked = question(operations.CREATE_USER.settle, create(login=None))
    assert (asked.operation.id, asked.path) == ("getUser", {"user": "ada@example.com"})
    add = Request(operation=operations.ADD_GROUP_USER, path={"group_id": 3}, form={"id": 7})
    assert question(operations.ADD_GROUP_USER.settle, add).path == {"group_id": 3, "user": 7}


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({}, "done"),
        ({"first_name": "Zoe\u0301"}, "done"),
        ({"login": " ADA"}, "done"),
        ({"first_name": "Adam"}, "taken"),
        ({"login": "7"}, "unknown"),
    ],
)
def test_a_user_that_is_found_is_ours_or_somebody_elses_or_not_what_was_asked_for(changes, finding):
    assert judge(operations.CREATE_USER.settle, create(**changes), ADA).finding == finding


def test_a_list_is_filtered_by_the_key():
    request = Request(operation=operations.DELETE_GROUP_BY_NAME, form={"name": "X"})
    groups = [Group(id=1, name="X"), Group(id=2, name="Y")]
    look = judge(operations.DELETE_GROUP_BY_NAME.settle, request, groups)
    assert (look.finding, look.candidates) == ("unknown", (groups[0],))
    assert judge(operations.DELETE_GROUP_BY_NAME.settle, request, groups[1:]).finding == "done"


def test_values_are_found_in_every_place():
    operation = Operation(
        id="x",
        method="POST",
        path="/",
        returns=User,
        shape="one",
        retry="never",
        secrets=frozenset({"password", "pin"}),
    )
    request = Request(operation=operation, json={"password": "one", "pin": None}, query={"q": 1})
    assert first_given(request, ("form.q", "json.nothing", "query.q")) == 1
    assert first_given(request, ("path.q",)) is None
    assert secrets(request) == ["one"]
    assert secrets(Request(operation=operation, form={"password": "two"})) == ["two"]
