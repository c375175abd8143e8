"""Answers of the API on standard output: tables for people, JSON Lines for programs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from coggno.cli.terminal import output
from coggno.cli.terminal.columns import Column


async def show_all(things: AsyncGenerator[Any], columns: Sequence[Column], *, as_json: bool, nothing: str) -> None:
    """Print a list as it arrives.

    Args:
        things: models; the generator is closed, even if not all of it is printed.
        columns: of the table.
        as_json: one JSON object per line rather than a table.
        nothing: what to tell a person of an empty list.
    """
    from coggno.cli.terminal.tables import TablePrinter, terminal_width

    async with aclosing(things):
        rows = (output.as_data(thing) async for thing in things)
        if as_json:
            async for row in rows:
                output.write_json(row)
        elif not await TablePrinter(columns, terminal_width()).print(rows):
            output.say(nothing)


def show_one(thing: Any, columns: Sequence[Column], *, as_json: bool) -> None:
    """Print one model: its values for a person, or one JSON object."""
    data = output.as_data(thing)
    if as_json:
        output.write_json(data)
        return
    from coggno.cli.terminal.tables import print_record

    print_record(columns, data)


async def each(things: Iterable[Any]) -> AsyncGenerator[Any]:
    """Yield the items of a list that is there already."""
    for thing in things:
        yield thing
