"""Text that comes from a server does nothing to a terminal; tables fit; JSON is ASCII."""

from __future__ import annotations

import io
import sys

import pytest

from coggno.cli.terminal import columns, output
from coggno.cli.terminal.tables import TablePrinter
from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand

HOSTILE = "\x1b[31mred\x1b[0m\x07\r\n\x9b2J\u202egnp.exe\u2066\u200b\x7f\ud800"


def test_what_a_terminal_acts_on_is_made_visible():
    shown = output.clean(HOSTILE)
    assert shown.isprintable()
    assert shown == r"\x1b[31mred\x1b[0m\x07\r\n\x9b2J\u202egnp.exe\u2066\u200b\x7f\ud800"


@pytest.mark.parametrize(
    "text",
    ["Zoë", "王小明", "👩\u200d🚀", "\u0646\u06cc\u0645\u200c", "a\u00a0b", "[red]bold[/red]", ":smile:", r"\n"],
)
def test_ordinary_text_stays_as_it_is(text):
    assert output.clean(text) == text


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("arguments", [["users", "list"], ["users", "get", "2"], ["users", "list", "--json"]])
def test_a_hostile_name_stays_inert(coggno: RunCommand, sandbox: Sandbox, arguments):
    sandbox.seed_user("ada", first_name=HOSTILE[:-1], last_name="[bold]B[/bold]")
    ended = coggno(*arguments)
    assert "[bold]B[/bold]" in ended.out
    assert all(line.isprintable() for line in ended.out.splitlines())


@pytest.mark.usefixtures("address")
def test_a_hostile_error_message_stays_inert(coggno: RunCommand, sandbox: Sandbox):
    ended = coggno("users", "get", "\x1b[31mada")
    assert ended.code == 1
    assert "\x1b" not in ended.err


@pytest.mark.usefixtures("address")
def test_a_question_with_a_hostile_name_stays_inert(coggno: RunCommand, sandbox: Sandbox):
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
def test_an_encoding_without_the_letters_does_not_end_the_command(sandbox: Sandbox, monkeypatch, encoding):
    from coggno.cli import main

    sandbox.seed_user("ada", first_name="王小明")
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    assert main(["users", "list"]) == 0
    assert rb"\u738b\u5c0f\u660e" in raw.getvalue()


async def rows(*names: str):
    for number, name in enumerate(names):
        yield {"id": number, "login": f"user{number}@example.com", "first_name": name, "last_name": "Lovelace"}


@pytest.mark.parametrize("width", [80, 60, 40, 20, 5])
async def test_a_table_fits_and_loses_nothing(capsys, width):
    await TablePrinter(columns.USER, width).print(rows("Ada", "Augusta Ada King, Countess", "王小明" * 10))
    out = capsys.readouterr().out
    letters = "".join(out.split())
    for text in ("Ada", "Countess", "Lovelace", "2"):
        assert text in letters
    assert "".join(char for char in out if char == "王") == "王" * 10
    if width >= 40:
        from rich.cells import cell_len

        assert all(cell_len(line) <= width for line in out.splitlines())


async def test_where_nobody_watches_nothing_is_folded(capsys):
    await TablePrinter(columns.USER, None).print(rows("x" * 500, "Ada"))
    _, long, short = capsys.readouterr().out.splitlines()
    assert "x" * 500 in long
    assert len(short) < 120


async def test_a_long_list_is_printed_as_it_arrives(capsys):
    async def many():
        async for row in rows(*["Ada"] * 1100):
            if row["id"] == 1099:
                assert len(capsys.readouterr().out.splitlines()) == 1001
            yield row

    assert await TablePrinter(columns.USER, 80).print(many()) == 1100


async def test_values_are_shown_as_people_write_them(capsys):
    async def licenses():
        yield {"document": {"id": 5, "title": "Training"}, "passed": True, "score": 87.5, "used": 1, "amount": 2}

    await TablePrinter(columns.LICENSE_OF_USER, None).print(licenses())
    assert capsys.readouterr().out.splitlines()[1].split() == ["5", "Training", "-", "yes", "87.5", "1/2", "-", "-"]
