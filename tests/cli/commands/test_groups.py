"""`coggno groups` and `coggno groups members`, against the sandbox."""

from __future__ import annotations

import pytest

from coggno._resources import Groups
from coggno.models import Group
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import RunCommand

pytestmark = pytest.mark.usefixtures("address")


def test_group_from_creation_to_removal(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada")
    group = str(coggno("groups", "create", "Hall", "--description", "1 and 2", "--json").json[0]["id"])
    assert coggno("groups", "get", group, "--json").json[0]["description"] == "1 and 2"
    assert coggno("groups", "members", "add", group, "ada", "--json").json[0]["login"] == "ada"
    assert "ada" in coggno("groups", "members", "list", group).out
    assert coggno("groups", "members", "remove", group, "ada", "--json").json == [{"group_id": 1, "user_id": 2}]
    assert coggno("groups", "members", "list", group, "--json").json == []


def test_no_groups_is_reported_on_stderr(coggno: RunCommand):
    ended = coggno("groups", "list")
    assert (ended.code, ended.out, ended.err) == (0, "", "There are no groups.\n")


@pytest.mark.parametrize(
    "arguments",
    [["get", "3"], ["delete", "3", "--yes"], ["members", "list", "3"], ["members", "add", "3", "2"]],
)
def test_unknown_group_is_one_sentence(coggno: RunCommand, sandbox: Sandbox, arguments):
    sandbox.seed_user("ada")
    ended = coggno("groups", *arguments)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Error: No group has the id 3. See: coggno groups list\n"


@pytest.mark.parametrize(
    "arguments",
    [["get", "hall"], ["delete", "HALL", "--yes"], ["members", "list", " Hall"], ["members", "add", "Hall", "ada"]],
)
def test_groups_are_found_by_name(coggno: RunCommand, sandbox: Sandbox, arguments):
    """Case and spacing make no difference, as in provisioning."""
    sandbox.seed_group("Hall")
    sandbox.seed_user("ada")
    assert coggno("groups", *arguments).code == 0


def test_exact_name_wins_over_another_case(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_group("Hall")
    other = sandbox.seed_group("HALL")
    assert coggno("groups", "get", "HALL", "--json").json[0]["id"] == other.id


def test_ambiguous_name_lists_the_candidates(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_group("Hall", description="east")
    sandbox.seed_group("Hall")
    ended = coggno("groups", "delete", "Hall", "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "Error: 2 groups have the name 'Hall'. Give the id of the one that you mean:\n  1  Hall (east)\n  2  Hall\n"
    )
    assert len(sandbox.groups()) == 2


def test_hostile_name_stays_on_its_line(coggno: RunCommand, sandbox: Sandbox):
    for _ in range(2):
        sandbox.seed_group("Hall", description="x\nError: all groups were deleted\x1b[2J")
    lines = coggno("groups", "get", "Hall").err.splitlines()
    assert len(lines) == 3
    assert lines[1] == r"  1  Hall (x\nError: all groups were deleted\x1b[2J)"


def test_unknown_name_suggests_a_near_one(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_group("Warehouse")
    ended = coggno("groups", "get", "warehose")
    assert ended.code == 1
    assert ended.err == ("Error: No group has the name 'warehose'. Did you mean Warehouse? See: coggno groups list\n")


def test_digits_that_begin_with_0_are_a_name(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_group("Hall")
    sandbox.seed_group("001")
    assert coggno("groups", "get", "001", "--json").json[0]["id"] == 2


def test_existing_name_is_refused(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_group("Hall")
    ended = coggno("groups", "create", " hall")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: The group Hall (id 1) exists already. Nothing was created.")
    assert "--allow-duplicate" in ended.err
    assert coggno("groups", "create", "Hall", "--allow-duplicate").code == 0
    assert len(sandbox.groups()) == 2


def test_unknown_member_is_one_sentence(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    ended = coggno("groups", "members", "add", str(group.id), "99")
    assert (ended.code, ended.err) == (1, "Error: No user has the id 99.\n")


def test_user_outside_the_group_is_one_sentence(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    sandbox.seed_user("ada")
    ended = coggno("groups", "members", "remove", str(group.id), "ada")
    assert ended.code == 1
    assert "The user with the login 'ada' is not a member of the group with the id 1." in ended.err


def test_removal_is_confirmed_in_a_line(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada")
    group = sandbox.seed_group("Hall", members=[ada.id])
    ended = coggno("groups", "members", "remove", "hall", "ada")
    assert ended.out == "Removed the user with the login 'ada' from the group with the name 'hall'.\n"
    assert [member.login for member in sandbox.members(group.id)] == []


def test_delete_asks_with_the_name(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    ended = coggno("groups", "delete", str(group.id), typed="y\n")
    assert ended.err == "Delete the group Hall (id 1)? [y/N] "
    assert ended.out == "Deleted the group Hall (id 1).\n"
    assert sandbox.groups() == ()


def test_declined_deletion_is_no_error(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    ended = coggno("groups", "delete", str(group.id), typed="n\n")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith("Nothing was changed.\n")
    assert sandbox.effects == ()


def test_yes_deletes_without_asking(coggno: RunCommand, sandbox: Sandbox):
    group = sandbox.seed_group("Hall")
    ended = coggno("groups", "delete", str(group.id), "--yes", "--json")
    assert ended.json == [{"id": group.id, "name": "Hall", "description": None}]
    assert sandbox.groups() == ()


def test_delete_without_terminal_needs_yes(coggno: RunCommand, sandbox: Sandbox):
    ended = coggno("groups", "delete", "1", piped="y\n")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert sandbox.requests.total == 0


def test_another_group_is_not_deleted(coggno: RunCommand, monkeypatch):
    async def get(self, group):
        return Group(id=7, name="Other")

    monkeypatch.setattr(Groups, "get", get)
    ended = coggno("groups", "delete", "3", "--yes")
    assert ended.code == 1
    assert "the server returned group 7. Nothing was changed." in ended.err


def test_unknown_outcome_shows_what_to_check(coggno: RunCommand, sandbox: Sandbox):
    sandbox.faults.add(parse_fault("createGroup:drop,after"))
    ended = coggno("groups", "create", "Hall")
    assert ended.code == 1
    assert ended.err.startswith("Error: It is not known whether the group was created")
    assert "It could be one of these:\n  id 1, name Hall" in ended.err
    assert "Check before you run the command again: coggno groups list" in ended.err


def test_name_of_digits_is_explained(coggno: RunCommand, sandbox: Sandbox):
    """Every command takes digits for an id, so that no command could find the group by its name."""
    sandbox.seed_group("Hall")
    made = coggno("groups", "create", "123")
    assert made.code == 0
    assert made.err == "Note: commands take 123 for an id. Give them the id of this group, 2.\n"
    found = coggno("groups", "get", "123")
    assert found.code == 1
    assert found.err.endswith("\nThe group 123 (id 2) has this number as its name: give its id.\n")
