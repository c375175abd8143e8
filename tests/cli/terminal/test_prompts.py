"""Passwords are asked for in a way that loses none and shows none."""

from __future__ import annotations

import sys

import pytest

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal.prompts import read_password
from tests.cli.helpers import TypedInput, piped_input


@pytest.mark.parametrize("password", ["", "short", "x" * 41])
def test_password_of_the_wrong_length_is_rejected(monkeypatch, password):
    monkeypatch.setattr(sys, "stdin", piped_input(password + "\n"))
    with pytest.raises(CommandError, match="6 to 40 characters") as error:
        read_password(from_stdin=True)
    assert password not in str(error.value) or password == ""


def test_spaces_of_a_piped_password_are_kept(monkeypatch):
    monkeypatch.setattr(sys, "stdin", piped_input("  s3cret \r\nnext line"))
    assert read_password(from_stdin=True) == "  s3cret "


def test_different_passwords_are_rejected(monkeypatch):
    typed = iter(["s3cret-word", "s3cret-wort"])
    monkeypatch.setattr(sys, "stdin", TypedInput())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(typed))
    with pytest.raises(CommandError, match="The two passwords differ"):
        read_password(from_stdin=False)


def test_pipe_without_option_names_the_option(monkeypatch):
    monkeypatch.setattr(sys, "stdin", piped_input("s3cret-word\n"))
    with pytest.raises(CommandError, match="--password-stdin"):
        read_password(from_stdin=False)
