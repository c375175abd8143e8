"""Tables from workbooks of Excel and LibreOffice, read by python-calamine (extra `excel`)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from attrs import evolve, frozen

from coggno.provisioning.errors import RosterError, RosterHint
from coggno.provisioning.roster.input.cells import NonTextCell
from coggno.provisioning.roster.input.content import Content
from coggno.provisioning.roster.input.input_table import InputTable
from coggno.provisioning.roster.input.packed import PackedRows
from coggno.provisioning.roster.input.typed_cells import typed_cell

_LARGEST: Final = 2 << 30  # bytes that a workbook may have when it is unpacked; a bomb would fill the memory
_SEARCHED: Final = 20  # rows in which a header is looked for, for the message
_MERGED: Final = "merged cell"


class _SheetRow(NamedTuple):
    line: int
    cells: list[str]


def read_excel(content: Content, *, sheet: str | None, recognized: Callable[[Sequence[str]], int]) -> InputTable:
    """Read a sheet of a workbook. Its rows are copied, so that the workbook is read once.

    Args:
        content: of the file.
        sheet: name of the sheet; the first one that is visible if not given.
        recognized: returns how many names of a header belong to a field.

    Raises:
        RosterError: python-calamine is not installed, the workbook cannot be read, or there is no such sheet or header.
    """
    with content.reading() as file:
        data = file.read()
    found = _Workbook(content.name, data).sheet(sheet)
    rows = _rows(found.sheet)
    start = list(islice(rows, _SEARCHED))
    if not start:
        raise RosterError(f"{content.name}: the sheet {found.sheet.name!r} is empty.{found.others}")
    header = _header(content.name, start, recognized)
    packed = PackedRows(content.name)
    if not start[1:]:
        # The rows may well be in another sheet.
        raise RosterError(f"{content.name}: the sheet {found.sheet.name!r} has no rows below the header.{found.others}")
    for row in chain(start[1:], rows):
        packed.add_cells(row.line, _fitted(row.cells, len(header)))
    return evolve(packed.table(header), warnings=(found.others.strip(),) if found.others else ())


class _ChosenSheet(NamedTuple):
    sheet: Any
    others: str


@frozen
class _Workbook:
    name: str
    data: bytes

    def sheet(self, wanted: str | None) -> _ChosenSheet:
        """Return a sheet, and a sentence that names the others, if there are any.

        Raises:
            RosterError: it cannot be read.
        """
        calamine = self._library()
        self._check_size()
        try:
            workbook = calamine.load_workbook(io.BytesIO(self.data))
            names: list[str] = [
                each.name
                for each in workbook.sheets_metadata
                if each.typ == calamine.SheetTypeEnum.WorkSheet and each.visible == calamine.SheetVisibleEnum.Visible
            ]
            chosen = wanted or next(iter(names), None)
            if chosen is None or chosen not in workbook.sheet_names:
                raise self._no_sheet(wanted, names)
            others = [name for name in names if name != chosen]
            listed = f" The workbook also has the sheets {', '.join(map(repr, others))}." if others else ""
            return _ChosenSheet(workbook.get_sheet_by_name(chosen), listed)
        except calamine.CalamineError as error:
            raise self._unreadable(error) from None

    def _library(self) -> Any:
        try:
            return import_module("python_calamine")
        except ImportError:
            message = f"{self.name} is a workbook. To read it, install the extra: pip install 'coggno[excel]'"
            raise RosterError(f"{message}. Or save the sheet as CSV in UTF-8.") from None

    def _check_size(self) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
                size = sum(each.file_size for each in archive.infolist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            return  # older workbooks are no archives; calamine knows what is wrong with the others
        if size > _LARGEST:
            raise RosterError(
                f"{self.name} has {size >> 20:,} MiB when it is unpacked. Save the sheet as CSV in UTF-8."
            )

    def _no_sheet(self, wanted: str | None, names: Sequence[str]) -> RosterError:
        if wanted is None:
            return RosterError(f"{self.name} has no sheet that is visible.")
        message = f"{self.name} has no sheet {wanted!r}."
        return RosterError(message, hint=RosterHint("Name another with", "sheet", tuple(names)) if names else None)

    def _unreadable(self, error: Exception) -> RosterError:
        if type(error).__name__ == "PasswordError":
            return RosterError(f"{self.name} is protected by a password. Save it without one, or as CSV in UTF-8.")
        return RosterError(f"{self.name} is no workbook that can be read: {error}. Save the sheet as CSV in UTF-8.")


def _rows(sheet: Any) -> Iterator[_SheetRow]:
    """Yield the rows that are not blank."""
    if sheet.start is None:
        return  # python-calamine before 0.8 panics when the rows of an empty sheet are asked for
    merges = _Merges(sheet.merged_cell_ranges or (), first_column=sheet.start[1])
    for line, values in enumerate(sheet.iter_rows(), start=1):
        cells = [typed_cell(value) for value in values]
        if any(map(str.strip, cells)):
            merges.mark(line, cells)
            yield _SheetRow(line, cells)


class _Merges:
    """Marks the cells that were merged into another one: that one has the value, for rows that may all need it."""

    def __init__(self, ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]], *, first_column: int) -> None:
        # Rows come without the blank columns before the table.
        self._first_column = first_column
        self._waiting = sorted(ranges, reverse=True)
        self._active: list[tuple[tuple[int, int], tuple[int, int]]] = []

    def mark(self, line: int, cells: list[str]) -> None:
        at = line - 1
        while self._waiting and self._waiting[-1][0][0] <= at:
            self._active.append(self._waiting.pop())
        self._active = [each for each in self._active if each[1][0] >= at]
        for start, end in self._active:
            first, last = (max(column - self._first_column, 0) for column in (start[1], end[1]))
            for index in range(first, min(last + 1, len(cells))):
                if (at, index + self._first_column) != start:
                    cells[index] = NonTextCell.of(_MERGED, "")


def _header(name: str, start: Sequence[_SheetRow], recognized: Callable[[Sequence[str]], int]) -> tuple[str, ...]:
    """Return the names in the first row that is not blank.

    Raises:
        RosterError: the names are further down.
    """
    known = [recognized(row.cells) for row in start]
    best = known.index(max(known))
    if best and known[best] >= 2:
        line = start[best].line
        message = f"{name}: the names of the columns are in row {line}, and the rows above it are not empty."
        raise RosterError(f"{message} Remove these rows.", line=line)
    cells = [cell.strip() for cell in start[0].cells]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _fitted(cells: Sequence[str], width: int) -> list[str]:
    """Return the cells of a row without blank ones beyond the header."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return list(cells[:end])
