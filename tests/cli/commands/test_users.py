"""`coggno users`, against the sandbox."""

from __future__ import annotations

import pytest

from coggno import PartialWriteError
from coggno._resources import Users
from coggno.models import User
from coggno.sandbox import Sandbox
from tests.cli.helpers import ADA_OPTIONS, RunCommand, TypedInput

pytestmark = pytest.mark.usefixtures("address")


def test_list_is_a_table(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    head, row = coggno("users", "list").out.splitlines()
    assert head.split("  ") == ["Id", "Login", "First name", "Last name"]
    assert row.split() == ["2", "ada", "Ada", "Lovelace"]


def test_json_has_the_names_of_the_api(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_users(2)
    ended = coggno("users", "list", "--json")
    assert [sorted(user) for user in ended.json] == [["first_name", "id", "last_name", "login"]] * 2


@pytest.mark.parametrize(("arguments", "message"), [(["list"], "users"), (["licenses", "2"], "no licenses")])
def test_empty_list_is_reported_on_stderr(coggno: RunCommand, sandbox: Sandbox, arguments, message):
    if "2" in arguments:
        sandbox.seed_user()
    ended = coggno("users", *arguments)
    assert (ended.code, ended.out) == (0, "")
    assert message in ended.err


def test_company_option_selects_the_account(coggno: RunCommand, sandbox: Sandbox):
    company = sandbox.seed_company(name="Acme")
    sandbox.seed_user("ada", company=company.id)
    assert coggno("users", "list", "--json").json == []
    assert coggno("users", "list", "--json", "--company", str(company.id)).json[0]["login"] == "ada"


def test_unknown_company_is_a_permission_error(coggno: RunCommand):
    ended = coggno("users", "list", "--company", "99")
    assert ended.code == 1
    assert ended.err.startswith("Error: The API key does not have the permission to list the users (403")
    assert "Check --company" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["get", "99"], "Error: No user has the id 99.\n"),
        (["get", "nobody"], "Error: No user has the login 'nobody'.\n"),
        (["get", "4711", "--login"], "Error: No user has the login '4711'.\n"),
        (["delete", "nobody", "--yes"], "Error: No user has the login 'nobody'.\n"),
        (["licenses", "99"], "Error: No user has the id 99.\n"),
        (["licenses", "nobody"], "Error: No user has the login 'nobody'.\n"),
    ],
)
def test_unknown_user_is_one_sentence(coggno: RunCommand, arguments, message):
    ended = coggno("users", *arguments)
    assert (ended.code, ended.out, ended.err) == (1, "", message)


def test_page_instead_of_404_is_no_missing_user(coggno: RunCommand, sandbox: Sandbox):
    """A wrong address answers every path with a 404 page, which says nothing about the user."""
    from coggno.sandbox import parse_fault

    sandbox.faults.add(parse_fault("getUser:html=404"))
    ended = coggno("users", "get", "nobody")
    assert ended.code == 1
    assert "No user" not in ended.err
    assert "--base-url" in ended.err


def test_user_is_created_with_a_piped_password(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    options = (*ADA_OPTIONS, "--group", str(group.id), "--password-stdin", "--json")
    ended = coggno("users", "create", *options, piped="s3cret-word\n")
    assert ended.code == 0
    assert ended.json[0]["login"] == "ada@example.com"
    assert [member.login for member in sandbox.members(group.id)] == ["ada@example.com"]
    assert "s3cret-word" not in ended.out + ended.err


@pytest.mark.parametrize("group", ["99", "Hal"])
def test_unknown_group_is_reported_before_the_password(coggno: RunCommand, sandbox: Sandbox, group):
    sandbox.seed_group("Hall")
    ended = coggno("users", "create", *ADA_OPTIONS, "--group", group, typed="")
    assert (ended.code, ended.err.startswith("Error: No group has the ")) == (1, True)
    assert sandbox.users() == ()


def test_created_user_without_membership_is_reported(coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    group = str(sandbox.seed_group("Hall").id)

    async def create(self, **_):
        ada = User(id=5, login="ada@example.com", first_name="Ada", last_name="Lovelace")
        raise PartialWriteError(operation="createUser", value=ada)

    monkeypatch.setattr(Users, "create", create)
    ended = coggno("users", "create", *ADA_OPTIONS, "--group", group, "--password-stdin", piped="s3cret-word\n")
    assert ended.code == 1
    assert ended.err.startswith("Error: Created the user ada@example.com (id 5, Ada Lovelace), but ")
    assert ended.err.endswith(f"Add the user with: coggno groups members add {group} 5\n")


def test_existing_user_is_reported(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="Ada", last_name="King")
    ended = coggno("users", "create", *ADA_OPTIONS, "--password-stdin", piped="s3cret-word\n")
    assert ended.code == 1
    assert ended.err.startswith("Error: Could not create the user: 422")


def test_delete_asks_with_the_full_name(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    ended = coggno("users", "delete", "ada", typed="yes\n")
    assert ended.code == 0
    assert ended.err == f"Delete the user ada (id {ada.id}, Ada Lovelace)? [y/N] "
    assert ended.out == f"Deleted the user ada (id {ada.id}, Ada Lovelace).\n"
    assert sandbox.users() == ()


@pytest.mark.parametrize("reply", ["n\n", "\n", "", "perhaps\n"])
def test_only_yes_deletes(coggno: RunCommand, sandbox: Sandbox, reply):
    """Declining is no error."""
    sandbox.seed_user("ada")
    ended = coggno("users", "delete", "ada", typed=reply)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.replace("\n", "").endswith("[y/N] Nothing was changed.")
    assert sandbox.effects == ()


def test_delete_without_terminal_needs_yes(coggno: RunCommand, sandbox: Sandbox):
    ended = coggno("users", "delete", "2", piped="y\n")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert sandbox.requests.total == 0


def test_ctrl_c_at_the_question_deletes_nothing(coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    sandbox.seed_user("ada")
    monkeypatch.setattr(TypedInput, "readline", interrupt, raising=False)
    ended = coggno("users", "delete", "ada", typed="")
    assert ended.code == 130
    assert ended.err.endswith("[y/N] \nError: Interrupted.\n")
    assert sandbox.effects == ()


def test_licenses_of_a_user(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    sandbox.seed_license(ada.id, 1, status="in progress")
    shown = coggno("users", "licenses", "ada").out
    assert "in progress" in shown
    assert "Training" in shown
    (data,) = coggno("users", "licenses", "ada", "--json").json
    assert data["document"] == {"id": 1, "title": "Training"}
