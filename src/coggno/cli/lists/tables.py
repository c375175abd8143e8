"""Tables: aligned, folded to the width of the terminal, printed as the rows arrive."""

from __future__ import annotations

import io
import operator
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from attrs import define, field
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from coggno.cli.lists.columns import Column
from coggno.cli.terminal import output

_GAP: Final = 2  # cells between columns
_NARROWEST: Final = 8  # cells; below this a record per row reads better than a table
_WIDEST: Final = 60  # cells; in a file nothing is folded, and one long value must not stretch every line
_BATCH: Final = 500  # rows whose widths are measured together; a long list appears at once, and its columns rarely move


def print_record(columns: Sequence[Column], row: Mapping[str, Any]) -> None:
    """Print one row as a list of its values."""
    _print_records(columns, [[column.text(row) for column in columns]], output.terminal_width())


def print_table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows that are all there as a table."""
    TablePrinter(columns, output.terminal_width()).print_batch(
        [[column.text(row) for column in columns] for row in rows]
    )


@define
class TablePrinter:
    """Prints rows to standard output: as a table, or as one record per row if the terminal is too narrow.

    Attributes:
        columns: of the table.
        width: cells of a line; `None` to fold nothing.
    """

    columns: Sequence[Column]
    width: int | None
    # Cells of the longest value of each column so far.
    _natural: list[int] = field(factory=list[int])
    # Cells that each column gets; empty if a table does not fit, None before the first batch.
    _widths: list[int] | None = None

    async def print(self, rows: AsyncIterator[Mapping[str, Any]]) -> int:
        """Print all rows, a batch at a time, and return how many there were."""
        count = 0
        batch: list[list[str]] = []
        async for row in rows:
            count += 1
            batch.append([column.text(row) for column in self.columns])
            if len(batch) == _BATCH:
                self.print_batch(batch)
                batch = []
        if batch:
            self.print_batch(batch)
        return count

    def print_batch(self, batch: list[list[str]]) -> None:
        """Print some rows below those that were printed before.

        Args:
            batch: the texts of each row's cells.
        """
        titles = [column.title for column in self.columns]
        known = self._natural or [0] * len(titles)
        columns = zip(known, zip(titles, *batch, strict=True), strict=True)
        self._natural = [max(wide, *map(_cells, cells)) for wide, cells in columns]
        is_first = self._widths is None
        # What began as a table stays one, even if a later batch is too wide for it.
        self._widths = self._fit() or self._widths or []
        if not self._widths:
            _print_records(self.columns, batch, self.width, is_first=is_first)
            return
        if is_first:
            _print_bold(self._line(titles))
        for row in batch:
            self._print_row(row)

    def _fit(self) -> list[int]:
        """Take cells from the widest column until the line fits; return an empty list if that leaves too little."""
        if self.width is None:
            return [min(width, _WIDEST) for width in self._natural]
        widths = list(self._natural)
        for _ in range(sum(widths) + _GAP * (len(widths) - 1) - self.width):
            widths[widths.index(max(widths))] -= 1
        least = (max(_NARROWEST, _cells(column.title)) for column in self.columns)
        enough = all(map(operator.ge, widths, map(min, least, self._natural)))
        return widths if enough else []

    def _print_row(self, row: list[str]) -> None:
        if self.width is None:
            output.write(self._line(row))
            return
        for line in zip_longest(*map(_folded, row, self._widths or []), fillvalue=""):
            output.write(self._line(line))

    def _line(self, cells: Sequence[str]) -> str:
        padded = map(_padded, cells, self._widths or [], (column.right for column in self.columns))
        return (" " * _GAP).join(padded).rstrip()


def _cells(text: str) -> int:
    # Letters of East Asia take two cells, combining accents none; ASCII is quick to measure.
    return len(text) if text.isascii() else cell_len(text)


def _padded(text: str, width: int, right: bool) -> str:  # noqa: FBT001 - mapped over columns
    space = " " * (width - _cells(text))
    return space + text if right else text + space


def _folded(text: str, width: int) -> list[str]:
    if _cells(text) <= width:
        return [text]
    return [line.plain.rstrip() for line in Text(text).wrap(_console(), width, overflow="fold")]


def _print_records(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None, *, is_first: bool = True
) -> None:
    wide = max(_cells(column.title) for column in columns)
    beside = " " * (wide + _GAP)
    for number, row in enumerate(rows):
        if number or not is_first:
            output.write("")
        for column, text in zip(columns, row, strict=True):
            line = f"{_padded(column.title, wide, right=False)}{' ' * _GAP}{text}".rstrip()
            for part in output.wrapped(line, width, beside):
                output.write(part)


def _print_bold(text: str) -> None:
    console = _console()
    with console.capture() as captured:
        console.print(Text(text, style="bold"), soft_wrap=True, end="")
    output.write(captured.get())


def _console() -> Console:
    # Not on standard output itself: rich flushes its stream whenever it likes, and only `output` may report that.
    is_terminal = output.is_terminal(sys.stdout)
    return Console(file=io.StringIO(), force_terminal=is_terminal, markup=False, highlight=False, emoji=False)
