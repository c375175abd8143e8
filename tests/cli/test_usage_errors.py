"""Mistakes in a command line: one sentence, the right command to turn to, and exit code 2."""

from __future__ import annotations

import pytest

from tests.cli.helpers import RunCommand


@pytest.mark.parametrize(
    ("arguments", "message", "help_of"),
    [
        ("usrs", "No such command 'usrs'. Did you mean 'users'?", "coggno"),
        ("users lst", "No such command 'lst'. Did you mean 'list'?", "coggno users"),
        ("provisoin", "No such command 'provisoin'. Did you mean 'provision'?", "coggno"),
        ("users show 1", "No such command 'show'. Did you mean 'get'?", "coggno users"),
        ("groups rm 1", "No such command 'rm'. Did you mean 'delete'?", "coggno groups"),
        ("groups members new", "No such command 'new'.", "coggno groups members"),
        ("version", "No such command 'version'. Did you mean '--version'?", "coggno"),
        ("help", "No such command 'help'. Did you mean '--help'?", "coggno"),
        ("users get 1 --compny 1", "There is no option --compny. Did you mean --company?", "coggno users get"),
        ("users get a b", "There are too many arguments: b.", "coggno users get"),
        ("users get", "USER is missing.", "coggno users get"),
        ("users create", "--email is missing.", "coggno users create"),
        ("provision", "ROSTER is missing.", "coggno provision"),
        (
            "provision x --concurrency x",
            "--concurrency must be a whole number from 1 to 1000, not 'x'.",
            "coggno provision",
        ),
        (
            "provision x --concurrency 0",
            "--concurrency must be a whole number from 1 to 1000, not '0'.",
            "coggno provision",
        ),
        (
            "provision x --rate nan",
            "--rate must be a number above 0, such as 0.5 or 30, not 'nan'.",
            "coggno provision",
        ),
        (
            "users list --company no-id",
            "--company must be the id of a connected company, such as 7, not 'no-id'. See: coggno companies list",
            None,
        ),
    ],
)
def test_mistake_is_one_sentence(coggno: RunCommand, arguments, message, help_of):
    """No key is needed to learn about it."""
    ended = coggno(*arguments.split())
    assert (ended.code, ended.out) == (2, "")
    hint = f"See: {help_of} --help\n" if help_of else ""
    assert ended.err == f"Error: {message}\n{hint}"


@pytest.mark.parametrize(
    "arguments", [("users", "get", ""), ("users", "delete", " ", "--yes"), ("groups", "create", "")]
)
def test_empty_argument_is_rejected(coggno: RunCommand, arguments):
    """An unset variable in a script is empty; the API may read that as the whole list."""
    ended = coggno(*arguments)
    assert ended.code == 2
    assert " must not be empty.\n" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("provision x --timeout", "Option '--timeout' requires an argument."),
        ("users get 1 --json=3", "Option '--json' does not take a value."),
    ],
)
def test_option_with_the_wrong_number_of_values(coggno: RunCommand, arguments, message):
    ended = coggno(*arguments.split())
    assert ended.code == 2
    assert ended.err.startswith(f"Error: {message}")
