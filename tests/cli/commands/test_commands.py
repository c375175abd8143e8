"""users, groups, companies and documents, against the sandbox."""

from __future__ import annotations

import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand, TypedInput

pytestmark = pytest.mark.usefixtures("address")

ADA = ("--email", "ada@example.com", "--first-name", "Ada", "--last-name", "Lovelace")


def test_users_are_listed_as_a_table(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    head, row = coggno("users", "list").out.splitlines()
    assert head.split("  ") == ["Id", "Login", "First name", "Last name"]
    assert row.split() == ["2", "ada", "Ada", "Lovelace"]


def test_json_is_one_object_per_line_under_the_names_of_the_api(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_users(2)
    ended = coggno("users", "list", "--json")
    assert [sorted(user) for user in ended.json] == [["first_name", "id", "last_name", "login"]] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "list"],
        ["groups", "list"],
        ["companies", "list"],
        ["users", "licenses", "2"],
        ["documents", "licenses", "1"],
    ],
)
def test_an_empty_list_is_said_to_be_empty_on_standard_error(coggno: RunCommand, sandbox: Sandbox, arguments):
    if "2" in arguments:
        sandbox.seed_user()
    ended = coggno(*arguments)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("No ")


def test_digits_are_an_id_and_anything_else_a_login(coggno: RunCommand, sandbox: Sandbox):
    user = sandbox.seed_user("ada@example.com")
    by_id, by_login = (coggno("users", "get", who, "--json").json for who in (str(user.id), "ada@example.com"))
    assert by_id == by_login == [{"id": 2, "login": "ada@example.com", "first_name": "John", "last_name": "Johnson"}]


def test_a_login_of_digits_is_found_when_it_is_said_to_be_one(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("4711")
    assert coggno("users", "get", "4711", "--login", "--json").json[0]["id"] == ada.id
    assert coggno("users", "get", "4712", "--login").code == 1


def test_a_login_of_digits_is_not_taken_for_an_id(coggno: RunCommand, sandbox: Sandbox):
    """Else `users delete 4711` would delete somebody who was not meant."""
    sandbox.seed_user("4711")
    ended = coggno("users", "delete", "4711", "--yes")
    assert ended.code == 1
    assert [effect.operation for effect in sandbox.effects] == []


def test_an_answer_about_somebody_else_is_refused(coggno: RunCommand, monkeypatch):
    """A server that reads `5abc` as 5 would else have user 5 deleted."""
    from coggno._client import Users
    from coggno.models import User

    async def get(self, user):
        return User(id=5, login="eve", first_name="Eve", last_name="Else")

    async def delete(self, user):
        raise AssertionError("somebody else was deleted")

    monkeypatch.setattr(Users, "get", get)
    monkeypatch.setattr(Users, "delete", delete)
    ended = coggno("users", "delete", "5abc", "--yes")
    assert ended.code == 1
    assert "whose login is eve" in ended.err
    assert coggno("users", "get", "EVE").code == 0


def test_a_group_that_is_not_the_one_asked_for_is_not_deleted(coggno: RunCommand, monkeypatch):
    from coggno._client import Groups
    from coggno.models import Group

    async def get(self, group):
        return Group(id=7, name="Other")

    monkeypatch.setattr(Groups, "get", get)
    ended = coggno("groups", "delete", "3", "--yes")
    assert ended.code == 1
    assert "nothing was deleted" in ended.err


def test_what_was_done_is_said_in_a_line(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    group = sandbox.seed_group("Hall", members=[ada.id])
    assert coggno("groups", "members", "remove", str(group.id), "ada").out == "Removed user 2 from group 1.\n"
    assert coggno("groups", "delete", str(group.id), "--yes").out == "Deleted group 1, Hall.\n"
    assert coggno("users", "delete", "ada", "--yes").out == "Deleted user 2, ada, Ada Lovelace.\n"


def test_ctrl_c_at_a_question_is_130_and_deletes_nothing(coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    sandbox.seed_user("ada")
    monkeypatch.setattr(TypedInput, "readline", interrupted, raising=False)
    ended = coggno("users", "delete", "ada", typed="")
    assert ended.code == 130
    assert ended.err.endswith("[y/N] \nError: interrupted\n")
    assert sandbox.effects == ()


def test_an_id_with_leading_zeros_is_refused(coggno: RunCommand):
    assert coggno("users", "get", "007").code == 2


def test_what_is_not_there_is_one_line_and_1(coggno: RunCommand):
    ended = coggno("users", "get", "99")
    assert (ended.code, ended.out, ended.err) == (1, "", "Error: no user 99: getUser: 404: no such user\n")


def test_a_user_is_created_with_a_password_from_standard_input(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    ended = coggno(
        "users", "create", *ADA, "--group", str(group.id), "--password-stdin", "--json", piped="s3cret-word\n"
    )
    assert ended.code == 0
    assert ended.json[0]["login"] == "ada@example.com"
    assert [member.login for member in sandbox.members(group.id)] == ["ada@example.com"]
    assert "s3cret-word" not in ended.out + ended.err


def test_a_company_is_created_with_a_password_typed_twice(coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "s3cret-word")
    ended = coggno("companies", "create", *ADA, "--name", "Acme", typed="")
    assert ended.code == 0
    assert sandbox.companies()[-1].name == "Acme"
    assert coggno("companies", "list", "--json").json[0]["name"] == "Acme"


def test_passwords_that_differ_are_refused(coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    typed = iter(["s3cret-word", "s3cret-wort"])
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(typed))
    assert coggno("users", "create", *ADA, typed="").code == 2
    assert sandbox.effects == ()


@pytest.mark.parametrize("given", ["", "short", "x" * 41])
def test_a_password_of_the_wrong_length_is_refused_before_anything_is_sent(coggno: RunCommand, sandbox: Sandbox, given):
    ended = coggno("users", "create", *ADA, "--password-stdin", piped=given + "\n")
    assert ended.code == 2
    assert sandbox.requests.total == 0


def test_where_nobody_can_be_asked_for_a_password_the_option_is_named(coggno: RunCommand):
    ended = coggno("users", "create", *ADA)
    assert ended.code == 2
    assert "--password-stdin" in ended.err


def test_a_deletion_asks_and_names_who_it_is(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    ended = coggno("users", "delete", "ada", typed="yes\n")
    assert ended.code == 0
    assert f"Delete user {ada.id}, ada, Ada Lovelace? [y/N]" in ended.err
    assert sandbox.users() == ()


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "perhaps\n"])
def test_only_yes_deletes(coggno: RunCommand, sandbox: Sandbox, answer):
    group = sandbox.seed_group("Hall")
    ended = coggno("groups", "delete", str(group.id), typed=answer)
    assert ended.code == 1
    assert "nothing was deleted" in ended.err
    assert sandbox.effects == ()


@pytest.mark.parametrize("arguments", [["users", "delete", "2"], ["groups", "delete", "1"]])
def test_without_a_terminal_a_deletion_needs_yes(coggno: RunCommand, sandbox: Sandbox, arguments):
    ended = coggno(*arguments, piped="y\n")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert sandbox.requests.total == 0


def test_yes_deletes_without_asking(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    ended = coggno("groups", "delete", str(group.id), "--yes", "--json")
    assert ended.json == [{"id": group.id, "name": "Hall", "description": None}]
    assert sandbox.groups() == ()


def test_groups_and_their_members(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada")
    group = str(coggno("groups", "create", "Hall", "--description", "1 and 2", "--json").json[0]["id"])
    assert coggno("groups", "get", group, "--json").json[0]["description"] == "1 and 2"
    assert coggno("groups", "members", "add", group, "ada", "--json").json[0]["login"] == "ada"
    assert "ada" in coggno("groups", "members", "list", group).out
    assert coggno("groups", "members", "remove", group, "ada", "--json").json == [{"group_id": 1, "user_id": 2}]
    assert coggno("groups", "members", "list", group, "--json").json == []


def test_licenses_of_a_user_and_of_a_document(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    sandbox.seed_license(ada.id, 1, status="in progress")
    by_user, by_document = coggno("users", "licenses", "ada"), coggno("documents", "licenses", "1")
    assert "in progress" in by_user.out
    assert "Training" in by_user.out
    assert "Lovelace" in by_document.out
    assert coggno("users", "licenses", "ada", "--json").json[0]["licenses"][0]["document"] == {
        "id": 1,
        "title": "Training",
    }
    assert coggno("documents", "licenses", "1", "--json").json[0]["licenses"][0]["user"]["first_name"] == "Ada"
    assert "Training" in coggno("documents", "list").out


def test_company_acts_for_a_connected_company(coggno: RunCommand, sandbox: Sandbox):
    company = sandbox.seed_company(name="Acme")
    sandbox.seed_user("ada", company=company.id)
    assert coggno("users", "list", "--json").json == []
    assert coggno("users", "list", "--json", "--company", str(company.id)).json[0]["login"] == "ada"
    assert coggno("users", "list", "--company", "99").code == 1
    assert coggno("users", "list", "--company", "no-id").code == 2
