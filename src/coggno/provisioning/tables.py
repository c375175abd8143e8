"""Tables: a header and rows of cells, from CSV, JSON Lines or code. What the cells mean is not known here."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, TypeAlias, cast

from attrs import frozen

from coggno.provisioning.outcomes import RosterError

Source: TypeAlias = "str | os.PathLike[str] | IO[bytes] | IO[str] | Iterable[Mapping[str, Any]]"

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_HEAD: Final = 1 << 16  # characters in which the header must end
_BOM: Final = "\ufeff"


class NotText(str):
    """A cell that holds something else than text, as JSON and code may have it; here in a readable form.

    Attributes:
        kind: what it holds.
    """

    __slots__ = ("kind",)
    kind: str

    @classmethod
    def of(cls, kind: str, shown: str) -> NotText:
        """Return a cell that holds a `kind` and reads `shown`."""
        cell = cls(shown)
        cell.kind = kind
        return cell


_ZIP: Final = b"PK\x03\x04"
LIST: Final = "list"
"""The kind of a cell with several texts, which stand there separated by `;`."""


@frozen
class InputTable:
    """A header and its rows.

    Attributes:
        name: where it came from.
        header: names of the columns.
        rows: line and cells of each row, read as they are asked for.
        delimiter: the character between the cells of CSV; `None` for other forms.
        encoding: of the file.
    """

    name: str
    header: tuple[str, ...]
    rows: Iterable[tuple[int, Sequence[str]]]
    delimiter: str | None = None
    encoding: str = "utf-8"


def open_table(
    source: Source, *, delimiter: str | None, encoding: str | None, recognised: Callable[[Sequence[str]], int]
) -> InputTable:
    """Open a table.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        delimiter: of CSV; found by itself if not given.
        encoding: of the text; UTF-8 if not given, with or without a byte order mark.
        recognised: how many names of a header mean something.

    Raises:
        RosterError: it cannot be read; rows of CSV and JSON Lines may still raise it, when they are asked for.
    """
    found = _text_of(source, encoding)
    if found is None:
        return _from_mappings("rows", enumerate(cast("Iterable[Any]", source), start=1))
    name, text = found
    start = text.lstrip()[:1]
    if not start:
        raise RosterError(f"{name} is empty")
    if start == "[":
        raise RosterError(f"{name} is a JSON array; JSON Lines have one object per line: jq -c '.[]'", line=1)
    if start == "{":
        return _from_mappings(name, _json_lines(name, text))
    return _from_csv(name, text, delimiter, encoding or "utf-8", recognised)


# Text


def _text_of(source: Source, encoding: str | None) -> tuple[str, str] | None:
    """Return name and text of a file, or `None` for rows from code."""
    if isinstance(source, str) and source == "-":
        return "standard input", _clean("standard input", sys.stdin.buffer.read(), encoding)
    if isinstance(source, str | os.PathLike):
        return str(source), _clean(str(source), _read_path(Path(source)), encoding)
    read = getattr(source, "read", None)
    if read is None:
        return None
    name = str(getattr(source, "name", "roster"))
    try:
        content = read()
    except (OSError, ValueError) as error:
        raise RosterError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return name, _clean(name, content, encoding)


def _read_path(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise RosterError(f"{path} is a directory; give a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RosterError(f"{path} cannot be read: {reason}") from None


def _clean(name: str, content: bytes | str, encoding: str | None) -> str:
    text = content if isinstance(content, str) else _decode(name, content, encoding)
    if "\0" in text:
        raise RosterError(f"{name} has NUL characters: it is no text, or in another encoding (utf-16?): --encoding")
    return text.removeprefix(_BOM)


def _decode(name: str, content: bytes, encoding: str | None) -> str:
    if content.startswith(_ZIP):
        raise RosterError(f"{name} is a zip archive, as Excel's workbooks are: save it as CSV in UTF-8")
    if encoding is None and b"\0" in content:
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        hint = ", or give --encoding utf-16" if is_wide else ""
        raise RosterError(f"{name} has NUL bytes: not UTF-8 text. Save it as CSV in UTF-8{hint}")
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        message = (
            f"{name}, line {line}, byte {column}: not {encoding or 'UTF-8'}. "
            "Save it in UTF-8, or give --encoding (such as cp1252)"
        )
        raise RosterError(message, line=line, column=column) from None
    except (LookupError, ValueError):
        raise RosterError(f"there is no encoding {encoding!r}") from None


# CSV


def _from_csv(
    name: str, text: str, delimiter: str | None, encoding: str, recognised: Callable[[Sequence[str]], int]
) -> InputTable:
    chosen = delimiter or max(DELIMITERS, key=lambda each: _promise(text, each, recognised))
    if len(chosen) != 1 or chosen in '"\r\n':
        raise RosterError(f"the delimiter must be one character, not {chosen!r}")
    rows = _csv_rows(name, text, chosen)
    line, header = next(rows, (0, ()))
    if len(header) < 2:
        shown = DELIMITERS.get(chosen, repr(chosen))
        raise RosterError(f"{name}, line {line}: only one column with {shown}; give --delimiter", line=line)
    return InputTable(name, tuple(cell.strip() for cell in header), rows, chosen, encoding)


def _promise(text: str, delimiter: str, recognised: Callable[[Sequence[str]], int]) -> tuple[int, int]:
    """How much sense the header makes with a delimiter."""
    head = csv.reader(io.StringIO(text.lstrip()[:_HEAD], newline=""), delimiter=delimiter)
    try:
        header = next(head, list[str]())
    except csv.Error:
        return 0, 0
    return recognised(header), len(header)


def _csv_rows(name: str, text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The reader has gone on to where the quotes end, which may be far below.
            reason = "a quotation mark is not closed" if "end of data" in str(error) else str(error)
            raise RosterError(f"{name}, row that begins in line {line}: {reason}", line=line) from None
        if any(cell.strip() for cell in cells):
            # Departments and towns repeat: one string for all of them.
            yield line, [sys.intern(cell) if len(cell) < 40 else cell for cell in cells]
        line = reader.line_num + 1


# JSON Lines and mappings


def _json_lines(name: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            value = json.loads(content, object_pairs_hook=_object)
        except json.JSONDecodeError as error:
            message = f"{name}, line {line}, character {error.colno}: not a JSON object: {error.msg}"
            raise RosterError(message, line=line, column=error.colno) from None
        except (ValueError, RecursionError) as error:
            raise RosterError(f"{name}, line {line}: not a JSON object: {error}", line=line) from None
        if not isinstance(value, dict):
            raise RosterError(f"{name}, line {line}: not a JSON object", line=line)
        yield line, cast("dict[str, Any]", value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _from_mappings(name: str, rows: Iterable[tuple[int, Any]]) -> InputTable:
    kept: list[tuple[int, Mapping[Any, Any]]] = []
    for number, row in rows:
        if not isinstance(row, Mapping):
            message = f"{name}, row {number}: a {type(row).__name__}, not a mapping of columns"
            raise RosterError(message, line=number)
        kept.append((number, row))  # pyright: ignore[reportUnknownArgumentType]
    if not kept:
        raise RosterError(f"{name}: there are no rows")
    columns = tuple(dict.fromkeys(column for _, row in kept for column in row))
    return InputTable(name, tuple(map(str, columns)), _mapping_rows(kept, columns))


def _mapping_rows(
    rows: Iterable[tuple[int, Mapping[Any, Any]]], columns: Sequence[Any]
) -> Iterator[tuple[int, Sequence[str]]]:
    for number, row in rows:
        yield number, [_cell(row.get(column)) for column in columns]


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""  # pandas says NaN where there is nothing
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return _list_cell(cast("Iterable[Any]", value))
    return NotText.of(type(value).__name__, _readable(value))


def _list_cell(values: Iterable[Any]) -> str:
    cells = [_cell(value) for value in values]
    if any(isinstance(cell, NotText) for cell in cells):
        return NotText.of("list of other things", _readable(cells))
    if any(mark in cell for cell in cells for mark in ";|"):
        return NotText.of("list with ; or | in a text", _readable(cells))
    return NotText.of(LIST, ";".join(cells))


def _readable(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
