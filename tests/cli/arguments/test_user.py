"""USER: digits are an id, anything else a login, and nobody else is ever taken for the user."""

from __future__ import annotations

import pytest

from coggno._resources import Users
from coggno.cli.arguments.user import UserReference, name_of
from coggno.models import User
from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand


@pytest.mark.usefixtures("address")
def test_id_and_login_find_the_same_user(coggno: RunCommand, sandbox: Sandbox):
    user = sandbox.seed_user("ada@example.com")
    by_id, by_login = (coggno("users", "get", text, "--json").json for text in (str(user.id), "ada@example.com"))
    assert by_id == by_login == [{"id": 2, "login": "ada@example.com", "first_name": "John", "last_name": "Johnson"}]


@pytest.mark.usefixtures("address")
def test_login_option_finds_a_login_of_digits(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("4711")
    assert coggno("users", "get", "4711", "--login", "--json").json[0]["id"] == ada.id


@pytest.mark.usefixtures("address")
def test_digits_never_mean_a_login(coggno: RunCommand, sandbox: Sandbox):
    """Otherwise `users delete 4711` could delete a user with another id."""
    sandbox.seed_user("4711")
    assert coggno("users", "delete", "4711", "--yes").code == 1
    assert sandbox.effects == ()


def test_leading_zeros_are_rejected(coggno: RunCommand):
    """Before the key is asked for: `int` would make user 7 of 007."""
    ended = coggno("users", "get", "007")
    assert ended.code == 2
    assert ended.err == "Error: 007 is not the id of a user: ids do not begin with 0. If it is a login, add --login.\n"


def test_accents_and_case_make_no_difference():
    """The rule of `_protocol.identity`, which settling and provisioning use as well."""
    user = User(id=2, login="ZOË@example.com", first_name="Zoë", last_name="K")
    assert UserReference("zoe\u0308@Example.com")._matches(user)


def test_missing_names_are_left_out():
    assert name_of(User(id=2, login="ada", first_name=None, last_name="K")) == "user ada (id 2, K)"
    assert name_of(User(id=2, login="ada", first_name=None, last_name=None)) == "user ada (id 2)"


@pytest.mark.usefixtures("address")
def test_somebody_else_is_rejected(coggno: RunCommand, monkeypatch):
    """A server that reads `5abc` as the id 5 would otherwise have user 5 deleted."""

    async def get(self, user):
        return User(id=5, login="eve", first_name="Eve", last_name="Else")

    async def delete(self, user):
        raise AssertionError("somebody else was deleted")

    monkeypatch.setattr(Users, "get", get)
    monkeypatch.setattr(Users, "delete", delete)
    ended = coggno("users", "delete", "5abc", "--yes")
    assert ended.code == 1
    assert "returned user 5, who has the login 'eve'. Nothing was changed." in ended.err
    assert coggno("users", "get", "EVE").code == 0
