"""Passwords are asked for in a way that loses none and shows none."""

from __future__ import annotations

import sys

import pytest

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal.prompts import confirm, read_password
from tests.cli.helpers import TypedInput, piped_input
from tests.cli.terminal.helpers import FakeTerminal


@pytest.mark.parametrize("password", ["", "short", "x" * 41])
def test_password_of_the_wrong_length_is_rejected(monkeypatch, password):
    monkeypatch.setattr(sys, "stdin", piped_input(password + "\n"))
    with pytest.raises(CommandError, match="6 to 40 characters") as error:
        read_password(from_stdin=True)
    assert password not in str(error.value) or password == ""


def test_spaces_of_a_piped_password_are_kept(monkeypatch):
    monkeypatch.setattr(sys, "stdin", piped_input("  s3cret \r\nnext line"))
    assert read_password(from_stdin=True) == "  s3cret "


def type_passwords(monkeypatch, *typed: str) -> None:
    left = iter(typed)
    monkeypatch.setattr(sys, "stdin", TypedInput())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(left))


def test_mistakes_are_asked_again(monkeypatch, capsys):
    """A password of the wrong length once, two that differ once, then a good one."""
    type_passwords(monkeypatch, "short", "s3cret-word", "s3cret-wort", "s3cret-word", "s3cret-word")
    assert read_password(from_stdin=False) == "s3cret-word"
    assert capsys.readouterr().err == ("The password must have 6 to 40 characters, not 5.\nThe two passwords differ.\n")


def test_three_mistakes_end_the_command(monkeypatch, capsys):
    type_passwords(monkeypatch, "a", "b", "c")
    with pytest.raises(CommandError, match="No valid password was typed 3 times. Nothing was created"):
        read_password(from_stdin=False)
    assert "short" not in capsys.readouterr().err


def test_pipe_without_option_names_the_option(monkeypatch):
    monkeypatch.setattr(sys, "stdin", piped_input("s3cret-word\n"))
    with pytest.raises(CommandError, match="--password-stdin"):
        read_password(from_stdin=False)


def test_question_breaks_no_word(monkeypatch):
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdin", piped_input("y\n"))
    monkeypatch.setenv("COLUMNS", "40")
    assert confirm("Delete user ada@example.com (id 3, Ada Lovelace) for good?", yes=False)
    lines = terminal.getvalue().splitlines()
    assert lines == ["Delete user ada@example.com (id 3, Ada", "  Lovelace) for good? [y/N] "]
