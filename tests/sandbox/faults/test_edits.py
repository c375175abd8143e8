"""Changing the JSON of a response."""

import copy

import pytest

from coggno.sandbox import RemoveField, SetField, UnwrapList, WrapInList, WrongType
from coggno.sandbox.faults.edits import apply_edit

USERS = [{"id": 1, "last_name": "Lee"}, {"id": 2, "last_name": "Fox"}]


@pytest.mark.parametrize(
    ("value", "path", "changed"),
    [
        ({"id": 1, "a": 2}, "id", {"id": "1", "a": 2}),
        ({"id": "x"}, "id", {"id": 12345}),
        ({"id": True}, "id", {"id": "True"}),
        ({"id": None}, "id", {"id": {"unexpected": "object"}}),
        ({"id": {"a": 1}}, "id", {"id": "{'a': 1}"}),
        ([{"id": 1}, {"id": 2}], "id", [{"id": "1"}, {"id": 2}]),
        ([{"id": 1}, {"id": 2}], "1.id", [{"id": 1}, {"id": "2"}]),
        ({"licenses": [{"amount": 1}]}, "licenses.amount", {"licenses": [{"amount": "1"}]}),
        ({"licenses": [{"user": {"id": 1}}]}, "licenses.0.user.id", {"licenses": [{"user": {"id": "1"}}]}),
        ({"id": 1}, "name", {"id": 1}),
        ([], "id", []),
        (7, "id", 7),
    ],
)
def test_the_type_of_one_field_is_changed(value, path, changed):
    assert apply_edit(WrongType(path), value) == changed


@pytest.mark.parametrize(
    ("edit", "value", "changed"),
    [
        (SetField("last_name"), USERS[0], {"id": 1, "last_name": None}),
        (SetField("id", 1.0), USERS[0], {"id": 1.0, "last_name": "Lee"}),
        (SetField("department", "Sales"), USERS[0], {"id": 1, "last_name": "Lee", "department": "Sales"}),
        (SetField("last_name"), USERS, [{"id": 1, "last_name": None}, USERS[1]]),
        (SetField("1.last_name"), USERS, [USERS[0], {"id": 2, "last_name": None}]),
        (SetField("*.last_name", ""), USERS, [{"id": 1, "last_name": ""}, {"id": 2, "last_name": ""}]),
        (SetField("licenses.*.amount", 1.0), {"licenses": [{"amount": 1}]}, {"licenses": [{"amount": 1.0}]}),
        (SetField("licenses.0.user.id", None), {"licenses": [{"user": {}}]}, {"licenses": [{"user": {"id": None}}]}),
        (SetField("user.id", 7), {"id": 1}, {"id": 1}),
        (SetField("9.id", 7), USERS, USERS),
        (SetField("1", None), USERS, [USERS[0], None]),
        (SetField("id", 7), "text", "text"),
        (RemoveField("id"), USERS[0], {"last_name": "Lee"}),
        (RemoveField("1.id"), USERS, [USERS[0], {"last_name": "Fox"}]),
        (RemoveField("0"), USERS, USERS[1:]),
        (RemoveField("name"), USERS[0], USERS[0]),
        (WrapInList(), USERS[0], USERS[:1]),
        (WrapInList(), USERS, USERS),
        (UnwrapList(), USERS[:1], USERS[0]),
        (UnwrapList(), USERS, USERS),
        (UnwrapList(), [], []),
        (UnwrapList(), USERS[0], USERS[0]),
    ],
)
def test_an_edit_changes_what_it_names(edit, value, changed):
    before = copy.deepcopy(value)
    result = apply_edit(edit, value)
    assert repr(result) == repr(changed)
    assert value == before
