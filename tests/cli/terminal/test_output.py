"""Text that comes from a server does nothing to a terminal; JSON is ASCII; errors of standard output are its own."""

from __future__ import annotations

import errno
import io
import os
import sys

import pytest

from coggno.cli import main
from coggno.cli.terminal import output
from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand

HOSTILE = "\x1b[31mred\x1b[0m\x07\r\n\x9b2J\u202egnp.exe\u2066\u200b\x7f\ud800"


def test_control_characters_become_visible():
    shown = output.clean(HOSTILE)
    assert shown.isprintable()
    assert shown == r"\x1b[31mred\x1b[0m\x07\r\n\x9b2J\u202egnp.exe\u2066\u200b\x7f\ud800"


@pytest.mark.parametrize(
    "text",
    ["Zoë", "王小明", "👩\u200d🚀", "\u0646\u06cc\u0645\u200c", "a\u00a0b", "[red]bold[/red]", ":smile:", r"\n"],
)
def test_ordinary_text_is_unchanged(text):
    assert output.clean(text) == text


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("arguments", [["users", "list"], ["users", "get", "2"], ["users", "list", "--json"]])
def test_hostile_name_is_harmless(coggno: RunCommand, sandbox: Sandbox, arguments):
    sandbox.seed_user("ada", first_name=HOSTILE[:-1], last_name="[bold]B[/bold]")
    ended = coggno(*arguments)
    assert "[bold]B[/bold]" in ended.out
    assert all(line.isprintable() for line in ended.out.splitlines())


@pytest.mark.usefixtures("address")
def test_hostile_error_message_is_harmless(coggno: RunCommand):
    ended = coggno("users", "get", "\u202eada")
    assert ended.code == 1
    assert r"the login '\u202eada'" in ended.err


@pytest.mark.usefixtures("address")
def test_hostile_name_in_a_question_is_harmless(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("ada", first_name="\x1b[2J")
    assert "\x1b" not in coggno("users", "delete", "ada", typed="n\n").err


@pytest.mark.usefixtures("address")
def test_json_is_ascii(coggno: RunCommand, sandbox: Sandbox):
    sandbox.seed_user("zoë", first_name="王")
    ended = coggno("users", "list", "--json")
    assert ended.out.isascii()
    assert ended.json[0]["first_name"] == "王"


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_missing_letters_are_escaped(sandbox: Sandbox, monkeypatch, encoding):
    sandbox.seed_user("ada", first_name="王小明")
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    assert main(["users", "list"]) == 0
    assert rb"\u738b\u5c0f\u660e" in raw.getvalue()


class FailingStream(io.StringIO):
    """A stream whose disk is full."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


@pytest.mark.parametrize(("call", "is_closed_pipe"), [(lambda: output.write("x"), False), (output.flush, True)])
def test_stdout_errors_have_a_type(monkeypatch, call, is_closed_pipe):
    """An OSError of a connection must not be mistaken for one of standard output."""
    monkeypatch.setattr(sys, "stdout", FailingStream())
    with pytest.raises(output.StdoutError) as error:
        call()
    assert error.value.is_closed_pipe == is_closed_pipe
    assert not isinstance(error.value, OSError)


def test_closed_stderr_is_ignored(monkeypatch):
    monkeypatch.setattr(sys, "stderr", FailingStream())
    output.write_message("nobody reads this")


def test_long_line_is_broken_at_spaces():
    line = "  line 31, ada@example.com: the row contradicts line 30 in first_name and last_name"
    broken = output.wrapped(line, 30)
    assert [part.strip() for part in broken] == [
        "line 31, ada@example.com:",
        "the row contradicts line",
        "30 in first_name and",
        "last_name",
    ]
    assert all(part.startswith("    ") for part in broken[1:])
    assert output.wrapped(line, None) == [line]


def test_message_breaks_no_word_on_a_terminal(monkeypatch, tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "30")
    output.write_message("Error: No group has the name 'Warehouse'. See: coggno groups list\n\nend")
    lines = terminal.getvalue().splitlines()
    assert lines == ["Error: No group has the name", "  'Warehouse'. See: coggno", "  groups list", "", "end"]


@pytest.mark.parametrize("columns", [None, "0", "-1", "wide"])
def test_terminal_without_a_width_gets_messages(monkeypatch, columns):
    """Terminals that nobody has given a size report 0 columns: those of `script`, expect and some CI services."""
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((0, 0)))
    monkeypatch.setattr(output, "is_terminal", lambda _: True)
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    lines = output.message_lines("There is no group of that name. " * 4)
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80
    assert output.terminal_width() == 80
