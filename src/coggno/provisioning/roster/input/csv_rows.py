"""Tables from CSV: the delimiter detected, rows numbered as a text editor does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import frozen

from coggno.provisioning.errors import RosterError, RosterHint
from coggno.provisioning.roster.input.input_table import InputRow, InputTable
from coggno.provisioning.roster.input.text import Text

DELIMITER_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_VERSION: Final = re.compile(r"version:v?\d")  # the line above the header in files of Microsoft Entra
_HEAD: Final = 1 << 16  # characters in which the header must end


def read_csv(text: Text, *, delimiter: str | None, recognized: Callable[[Sequence[str]], int]) -> InputTable:
    """Read CSV.

    Args:
        text: of the file.
        delimiter: the character between cells; detected if not given.
        recognized: returns how many names of a header belong to a field.

    Raises:
        RosterError: there is no usable header; the rows may raise it as well, when they are read.
    """
    head = _head(text)
    chosen = delimiter or max(DELIMITER_NAMES, key=lambda each: _score(head, each, recognized))
    if len(chosen) != 1 or chosen in '"\r\n':
        raise RosterError(f"The delimiter must be a single character, not {chosen!r}.")
    reader = _CsvReader(text, chosen)
    line, header, _ = next(reader.rows_with_header(), InputRow(0, ()))
    if len(header) < 2:
        shown = DELIMITER_NAMES.get(chosen, repr(chosen))
        message = f"{text.name}, line {line}: only one column when it is split at each {shown}."
        hint = RosterHint("Name the right one with", "delimiter", ("CHAR",))
        raise RosterError(message, line=line, hint=hint)
    names = tuple(cell.strip() for cell in header)
    return InputTable(text.name, names, reader.rows_below_header, text.content.digest, chosen, text.encoding)


def _head(text: Text) -> str:
    """Return the beginning of a text, from its first line that is not blank."""
    lines: list[str] = []
    left = _HEAD
    for line in text.lines(""):
        if lines or (line.strip() and not _VERSION.match(line)):
            lines.append(line)
            left -= len(line)
        if left <= 0:
            break
    return "".join(lines)[:_HEAD]


def _score(head: str, delimiter: str, recognized: Callable[[Sequence[str]], int]) -> tuple[int, int]:
    """Return how well a delimiter splits the header: known column names count first, then the number of columns."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        header = next(reader, list[str]())
    except csv.Error:
        return 0, 0
    return recognized(header), len(header)


@frozen
class _CsvReader:
    text: Text
    delimiter: str

    def rows_below_header(self) -> Iterator[InputRow]:
        rows = self.rows_with_header()
        next(rows, None)
        return rows

    def rows_with_header(self) -> Iterator[InputRow]:
        rows = self._rows()
        for row in rows:
            if not _VERSION.match(row.cells[0]):
                yield row
                break
        yield from rows

    def _rows(self) -> Iterator[InputRow]:
        reader = csv.reader(self.text.lines(""), delimiter=self.delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                # The first cell is rarely blank: most rows are done with here.
                if (cells and cells[0].strip()) or any(map(str.strip, cells)):
                    # As InputRow(line, cells), without the function of Python that it is: a third of reading a row.
                    yield tuple.__new__(InputRow, (line, cells, None))  # pyright: ignore[reportUnknownMemberType]
                line = reader.line_num + 1
        except csv.Error as error:
            # The reader has gone on to where the quotes end, which may be far below: the first line helps more.
            message = f"{self.text.name}, row that begins in line {line}: {_reason(error)}."
            raise RosterError(message, line=line) from None


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "end of data" in text:
        return "a quotation mark is not closed"
    if "field limit" in text:
        return f"a cell has more than {csv.field_size_limit():,} characters; is a quotation mark not closed?"
    return text
