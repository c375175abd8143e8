"""Opens a table, whichever form it has: CSV, JSON Lines, a workbook, Parquet, or rows from code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

from attrs import evolve, frozen

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.input.content import Content, FileContent
from coggno.provisioning.roster.input.csv_rows import read_csv
from coggno.provisioning.roster.input.excel_rows import read_excel
from coggno.provisioning.roster.input.input_table import InputTable
from coggno.provisioning.roster.input.json_rows import read_json_lines, read_mappings
from coggno.provisioning.roster.input.parquet_rows import read_parquet
from coggno.provisioning.roster.input.source import Source, content_of
from coggno.provisioning.roster.input.text import Text

_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # zip archives, and those of Excel before 2007
_PARQUET: Final = b"PAR1"
_NO_TABLES: Final = {
    b"\x1f\x8b": "is compressed with gzip. Unpack it first.",
    b"%PDF": "is a PDF. Save the table that it was made from as CSV in UTF-8.",
}


@frozen(kw_only=True)
class TableOptions:
    """How a table is opened.

    Attributes:
        delimiter: of CSV; detected if not given.
        encoding: of the text; UTF-8 if not given, with or without a byte order mark.
        sheet: of a workbook; the first one that is visible if not given.
        recognized: returns how many names of a header belong to a field.
        first: the number of the first row, where the rows come from code.
    """

    recognized: Callable[[Sequence[str]], int]
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    first: int = 1


def open_table(source: Source, options: TableOptions) -> InputTable:
    """Open a table.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        options: how it is opened.

    Raises:
        RosterError: it cannot be read; rows of CSV may still raise it, when they are read.
    """
    content = content_of(source)
    if content is None:
        return read_mappings(cast("Iterable[Any]", source), options.first)
    path = content.path.absolute() if isinstance(content, FileContent) else None
    return evolve(_opened(content, options), path=path)


def _opened(content: Content, options: TableOptions) -> InputTable:
    start = _first_bytes(content)
    if start.startswith(_WORKBOOKS):
        return read_excel(content, sheet=options.sheet, recognized=options.recognized)
    if options.sheet is not None:
        raise RosterError(f"{content.name} is not a workbook, so that it has no sheet {options.sheet!r}.")
    for beginning, advice in _NO_TABLES.items():
        if start.startswith(beginning):
            raise RosterError(f"{content.name} {advice}")
    if start == _PARQUET:
        return read_parquet(content)
    text = Text(content, options.encoding)
    first = _first_character(text)
    if not first:
        raise RosterError(f"{text.name} is empty.")
    if first == "[":
        hint = "JSON Lines has one object on each line; convert it with: jq -c '.[]'"
        raise RosterError(f"{text.name} is a JSON array. {hint}", line=1)
    if first == "{":
        return read_json_lines(text)
    return read_csv(text, delimiter=options.delimiter, recognized=options.recognized)


def _first_bytes(content: Content) -> bytes:
    with content.reading() as file:
        return file.read(4)


def _first_character(text: Text) -> str:
    """Return the first character that is not blank; `""` where there is none."""
    return next((start for line in text.lines("") if (start := line.lstrip()[:1])), "")
