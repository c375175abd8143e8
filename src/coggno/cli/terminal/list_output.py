"""Models on standard output: tables for people, JSON Lines for programs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from coggno.cli.terminal import output
from coggno.cli.terminal.columns import Column


async def show_all(models: AsyncGenerator[Any], columns: Sequence[Column], *, as_json: bool, if_empty: str) -> None:
    """Print a list as it arrives.

    Args:
        models: what to print; the generator is closed, even if printing fails.
        columns: of the table.
        as_json: one JSON object per line instead of a table.
        if_empty: the message for a person if the list is empty.
    """
    # Imported late: rich takes longer to import than everything else, and JSON does without it.
    from coggno.cli.terminal.tables import TablePrinter

    async with aclosing(models):
        rows = (output.as_data(model) async for model in models)
        if as_json:
            async for row in rows:
                output.write_json(row)
        elif not await TablePrinter(columns, output.terminal_width()).print(rows):
            # To standard error: an empty list is empty output for whatever reads it.
            output.write_message(if_empty)


def show_one(model: Any, columns: Sequence[Column], *, as_json: bool) -> None:
    """Print one model: one line for each value, or one JSON object."""
    data = output.as_data(model)
    if as_json:
        output.write_json(data)
        return
    from coggno.cli.terminal.tables import print_record

    print_record(columns, data)


async def iterate(models: Iterable[Any]) -> AsyncGenerator[Any]:
    """Yield the items of a list that is already complete, for `show_all`."""
    for model in models:
        yield model
