"""Tables from CSV: the delimiter detected, rows numbered as a text editor does."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import define, field

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.input_table import InputRow, InputTable
from coggno.provisioning.roster.rows import DELIMITER_NAMES

_HEAD: Final = 1 << 16  # characters in which the header must end
_SHARED: Final = 10_000  # different cells that are kept once


def read_csv(
    name: str, text: str, *, delimiter: str | None, encoding: str, recognized: Callable[[Sequence[str]], int]
) -> InputTable:
    """Read CSV.

    Args:
        name: of the file, for messages.
        text: its content.
        delimiter: the character between cells; detected if not given.
        encoding: of the file, which the table remembers.
        recognized: returns how many names of a header belong to a field.

    Raises:
        RosterError: there is no usable header; the rows may raise it as well, when they are read.
    """
    chosen = delimiter or max(DELIMITER_NAMES, key=lambda each: _score(text, each, recognized))
    if len(chosen) != 1 or chosen in '"\r\n':
        raise RosterError(f"The delimiter must be a single character, not {chosen!r}.")
    rows = _rows(name, text, chosen)
    line, header, _ = next(rows, InputRow(0, ()))
    if len(header) < 2:
        shown = DELIMITER_NAMES.get(chosen, repr(chosen))
        message = f"{name}, line {line}: only one column when it is split at each {shown}. Name the right --delimiter."
        raise RosterError(message, line=line)
    return InputTable(name, tuple(cell.strip() for cell in header), rows, chosen, encoding)


def _score(text: str, delimiter: str, recognized: Callable[[Sequence[str]], int]) -> tuple[int, int]:
    """Return how well a delimiter splits the header: known column names count first, then the number of columns."""
    head = csv.reader(io.StringIO(text.lstrip()[:_HEAD], newline=""), delimiter=delimiter)
    try:
        header = next(head, list[str]())
    except csv.Error:
        return 0, 0
    return recognized(header), len(header)


def _rows(name: str, text: str, delimiter: str) -> Iterator[InputRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    shared = _SharedCells()
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The reader has gone on to where the quotes end, which may be far below: the row's first line helps more.
            reason = "a quotation mark is not closed" if "end of data" in str(error) else str(error)
            raise RosterError(f"{name}, row that begins in line {line}: {reason}.", line=line) from None
        if any(cell.strip() for cell in cells):
            yield InputRow(line, shared.of(cells))
        line = reader.line_num + 1


@define
class _SharedCells:
    """Keeps one string for equal cells, as departments and towns repeat.

    Not `sys.intern`: on Python 3.12 it keeps every string, passwords included, until the process ends.
    """

    _known: dict[str, str] = field(factory=dict[str, str])

    def of(self, cells: Sequence[str]) -> list[str]:
        known = self._known
        if len(known) > _SHARED:  # what has not repeated until now, such as addresses, is not worth the memory
            return [known.get(cell, cell) for cell in cells]
        return [known.setdefault(cell, cell) for cell in cells]
