"""Rows of forms that take long to read, or that name their columns in every row: kept as cells, to be read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import define, field

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.input.cells import NonTextCell, cell_of
from coggno.provisioning.roster.input.content import Spool
from coggno.provisioning.roster.input.input_table import InputRow, InputTable


@define
class PackedRows:
    """Rows whose columns are found while they are read: those of all rows together.

    Attributes:
        name: where they came from.
        count: how many there are.
    """

    name: str
    count: int = 0
    _indexes: dict[Any, int] = field(factory=dict[Any, int])
    _spool: Spool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._spool = Spool(self.name)

    def add(self, line: int, values: Mapping[Any, Any], problem: str | None = None) -> None:
        """Append a row.

        Args:
            line: its number.
            values: column -> value.
            problem: why its cells cannot be read, if so.
        """
        indexes = self._indexes
        cells = [""] * len(indexes)
        for column, value in values.items():
            index = indexes.setdefault(column, len(indexes))
            if index == len(cells):
                cells.append("")
            cells[index] = cell_of(value)
        self.add_cells(line, cells, problem)

    def add_cells(self, line: int, cells: Sequence[str], problem: str | None = None) -> None:
        """Append a row whose columns are known.

        Args:
            line: its number.
            cells: in the order of the columns.
            problem: why they cannot be read, if so.
        """
        packed = [cell if type(cell) is str else _packed(cell) for cell in cells]
        # ASCII only, so that half a surrogate pair in a text does no harm.
        self._spool.write(json.dumps([line, problem, *packed], separators=(",", ":")).encode() + b"\n")
        self.count += 1

    def table(self, header: Sequence[str] | None = None) -> InputTable:
        """Return all rows as a table.

        Args:
            header: names of the columns, where they are known; else those that were found.

        Raises:
            RosterError: there are no rows.
        """
        if not self.count:
            below = "" if header is None else " below the header"
            raise RosterError(f"{self.name}: there are no rows{below}.")
        names = tuple(map(str, self._indexes)) if header is None else tuple(header)
        spool = self._spool
        return InputTable(self.name, names, partial(_rows, spool, len(self._indexes)), partial(_digest, spool, names))


def _packed(cell: str) -> list[str] | str:
    return [cell.kind, cell] if isinstance(cell, NonTextCell) else str(cell)


def _rows(spool: Spool, width: int) -> Iterator[InputRow]:
    with spool.reading() as file:
        for row in file:
            line, problem, *cells = json.loads(row)
            # A column that came up later is missing in the rows before.
            cells += [""] * (width - len(cells))
            yield InputRow(line, [cell if type(cell) is str else NonTextCell.of(*cell) for cell in cells], problem)


def _digest(spool: Spool, names: Sequence[str]) -> bytes:
    return hashlib.sha256(json.dumps(names).encode() + spool.digest()).digest()
