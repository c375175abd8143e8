"""Models on standard output: tables for people; JSON Lines and CSV for programs."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from attrs import frozen

from coggno.cli.exit_codes import CommandError
from coggno.cli.lists.columns import ListTable, plain, value_at
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.pager import paged
from coggno.cli.lists.selection import Row, Selection
from coggno.cli.terminal import output


@frozen
class ListView:
    """How a list is shown.

    Attributes:
        table: what the list has.
        options: what the command line asks for.
        fields: those that `--columns` names; `None` for the usual ones.
        selection: which rows are shown.
    """

    table: ListTable
    options: ListOptions
    fields: Sequence[str] | None
    selection: Selection

    @classmethod
    def of(cls, table: ListTable, options: ListOptions) -> ListView:
        """Return the view that the options ask for; called before anything is sent.

        Raises:
            CommandError: an option cannot be read, names no column, or contradicts another.
        """
        if options.as_json and options.as_csv:
            raise CommandError("--json and --csv cannot be combined. Give one of them.")
        names = None if options.columns is None else [name for name in options.columns.split(",") if name.strip()]
        if names == []:
            raise CommandError(f"--columns names no column. Columns: {', '.join(table.fields)}.")
        fields = None if names is None else [table.field(name, "--columns") for name in names]
        return cls(table, options, fields, Selection.parse(table, options.filters or (), options.sort))

    async def show(self, models: AsyncGenerator[Any]) -> None:
        """Print the list as it arrives.

        Args:
            models: what to print; the generator is closed, even if printing fails.
        """
        async with aclosing(models):
            rows = self.selection.apply(output.as_data(model) async for model in models)
            with paged(is_allowed=not self.options.no_pager):
                if self.options.as_json:
                    await self._write_json(rows)
                elif self.options.as_csv:
                    await _write_csv(self.fields or self.table.fields, rows)
                else:
                    await self._write_table(rows)

    async def _write_json(self, rows: AsyncIterator[Row]) -> None:
        async for row in rows:
            output.write_json(row if self.fields is None else {name: value_at(name, row) for name in self.fields})

    async def _write_table(self, rows: AsyncIterator[Row]) -> None:
        # Imported late: rich takes longer to import than everything else, and JSON does without it.
        from coggno.cli.lists.tables import TablePrinter

        fields = self.fields
        columns = self.table.columns if fields is None else [self.table.column(name) for name in fields]
        if not await TablePrinter(columns, output.terminal_width()).print(rows):
            # To standard error: an empty list is empty output for whatever reads it.
            output.write_message("No row matches --filter." if self.selection.filters else self.table.if_empty)


async def _write_csv(fields: Sequence[str], rows: AsyncIterator[Row]) -> None:
    # Imported late: provisioning is the largest part of the package.
    from coggno.provisioning.spreadsheet import harmless

    # A file gets the text as it is; a terminal would act on what is in it.
    shown = output.clean if output.is_terminal(sys.stdout) else str
    output.write(_csv_line(fields))
    async for row in rows:
        output.write(shown(_csv_line([harmless(plain(value_at(name, row))) for name in fields])))


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def show_one(model: Any, table: ListTable, *, as_json: bool) -> None:
    """Print one model: one line for each value, or one JSON object."""
    data = output.as_data(model)
    if as_json:
        output.write_json(data)
        return
    from coggno.cli.lists.tables import print_record

    print_record(table.columns, data)


async def iterate(models: Iterable[Any]) -> AsyncGenerator[Any]:
    """Yield the items of a list that is already complete, for `ListView.show`."""
    for model in models:
        yield model
