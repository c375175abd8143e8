"""Tables fit the terminal, lose nothing, and appear as the rows arrive."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from coggno.cli.lists import columns
from coggno.cli.lists.tables import TablePrinter


async def rows(*names: str):
    for number, name in enumerate(names):
        yield {"id": number, "login": f"user{number}@example.com", "first_name": name, "last_name": "Lovelace"}


@pytest.mark.parametrize("width", [80, 60, 40, 20, 5])
async def test_table_fits_and_loses_nothing(capsys, width):
    await TablePrinter(columns.USER.columns, width).print(rows("Ada", "Augusta Ada King, Countess", "王小明" * 10))
    out = capsys.readouterr().out
    letters = "".join(out.split())
    for text in ("Ada", "Countess", "Lovelace", "2"):
        assert text in letters
    assert "".join(char for char in out if char == "王") == "王" * 10
    if width >= 40:
        assert all(cell_len(line) <= width for line in out.splitlines())


async def test_record_is_broken_between_words(capsys):
    """Below the value: a terminal would break it anywhere, and begin the next line under the title."""
    name = "Ada Augusta King Noel, Countess of Lovelace"
    await TablePrinter(columns.USER.columns, 30).print(rows(name))
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 30 for line in lines)
    assert [line.strip() for line in lines if "King" in line or "Lovelace" in line][-1].startswith("Last name")
    assert set(name.split()) <= {word for line in lines for word in line.split()}
    assert "            " in [line[:12] for line in lines]


async def test_file_or_pipe_is_not_folded(capsys):
    await TablePrinter(columns.USER.columns, None).print(rows("x" * 500, "Ada"))
    _, long, short = capsys.readouterr().out.splitlines()
    assert "x" * 500 in long
    assert len(short) < 120


async def test_long_list_is_printed_as_it_arrives(capsys):
    async def many():
        async for row in rows(*["Ada"] * 1100):
            if row["id"] == 1099:
                assert len(capsys.readouterr().out.splitlines()) == 1001
            yield row

    assert await TablePrinter(columns.USER.columns, 80).print(many()) == 1100


async def test_values_are_formatted_for_people(capsys):
    async def licenses():
        yield {"document": {"id": 5, "title": "Training"}, "passed": True, "score": 87.5, "used": 1, "amount": 2}

    await TablePrinter(columns.LICENSE_OF_USER.columns, None).print(licenses())
    assert capsys.readouterr().out.splitlines()[1].split() == ["5", "Training", "-", "yes", "87.5", "1/2", "-", "-"]
