"""The program as a whole: help, version, typos, what must never be an argument."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command

from coggno._version import __version__
from coggno.cli.app import app
from tests.cli.helpers import KEY, RunCommand


def commands(command=None, path=()):
    command = command or get_command(app)
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def test_version(coggno: RunCommand):
    assert coggno("--version").out == f"coggno {__version__}\n"


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_help_has_an_example_of_the_command(coggno: RunCommand, path):
    ended = coggno(*path, "--help")
    assert ended.code == 0
    _, _, shown = ended.out.partition("Example")
    assert "coggno " + " ".join(path) in shown
    assert all(len(line) <= 80 for line in ended.out.splitlines())
    assert not re.search(r"<\w+>|<list|\{[A-Z]|\[\[", ended.out), "a type or a mark of the parser"


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_examples_use_existing_options(coggno: RunCommand, path):
    _, _, shown = coggno(*path, "--help").out.partition("Example")
    for line in shown.splitlines()[1:]:
        words = line.split("|")[0].split()[1:]
        named = [word for word in words if word.startswith("--")]
        where = next(
            known for known in sorted(commands(), key=len, reverse=True) if tuple(words[: len(known)]) == known
        )
        helped = coggno(*where, "--help").out
        assert all(f"  {option} " in helped or f", {option} " in helped for option in named), line


def test_no_arguments_show_the_help(coggno: RunCommand):
    ended = coggno()
    assert ended.code == 2
    assert "provision" in ended.err


@pytest.mark.parametrize("option", ["--api-key", "--key", "--token", "--password"])
@pytest.mark.parametrize("form", ["{} SECRET", "{}=SECRET"])
def test_secret_argument_is_rejected_and_not_repeated(coggno: RunCommand, option, form):
    ended = coggno("users", "list", *form.format(option).split())
    assert ended.code == 2
    assert "SECRET" not in ended.out + ended.err
    assert ("--password-stdin" if option == "--password" else "COGGNO_API_KEY") in ended.err


@pytest.mark.parametrize("form", ["{}", "--company={}"])
def test_key_as_an_argument_is_rejected(coggno: RunCommand, monkeypatch, form):
    monkeypatch.setenv("COGGNO_API_KEY", KEY)
    assert coggno("users", "get", form.format(KEY)).code == 2


@pytest.mark.parametrize("arguments", [["users", "list"], ["groups", "delete", "3", "--yes"], ["companies", "list"]])
def test_missing_key_is_reported_with_the_next_step(coggno: RunCommand, arguments):
    ended = coggno(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: No API key. Run coggno login, or set COGGNO_API_KEY to a key from ")
    assert "coggno sandbox" in ended.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COGGNO_API_KEY", "live_key with spaces"),
        ("COGGNO_BASE_URL", "http://example.com"),
        ("COGGNO_BASE_URL", "https://coggno.com/capp"),
        ("COGGNO_BASE_URL", "nonsense"),
    ],
)
def test_invalid_settings_end_with_2(coggno: RunCommand, monkeypatch, name, value):
    monkeypatch.setenv("COGGNO_API_KEY", "test_x")
    monkeypatch.setenv(name, value)
    ended = coggno("users", "list")
    assert ended.code == 2
    assert ended.err.startswith("Error: ")
    assert "live_key" not in ended.err
