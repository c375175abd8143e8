"""Rows of forms that take long to read, or that name their columns in every row: kept as cells, to be read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
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
        cells: list[Any] = [""] * len(indexes)
        for column, value in values.items():
            cell = value if type(value) is str else cell_of(value)
            index = indexes.setdefault(column, len(indexes))
            packed = [cell.kind, cell] if isinstance(cell, NonTextCell) else cell
            if index < len(cells):
                cells[index] = packed
            else:
                cells.append(packed)
        # ASCII only, so that half a surrogate pair in a text does no harm.
        self._spool.write(json.dumps([line, problem, *cells], separators=(",", ":")).encode() + b"\n")
        self.count += 1

    def table(self) -> InputTable:
        """Return all rows as a table.

        Raises:
            RosterError: there are none.
        """
        if not self.count:
            raise RosterError(f"{self.name}: there are no rows.")
        return InputTable(self.name, tuple(map(str, self._indexes)), self._rows, self._digest)

    def _rows(self) -> Iterator[InputRow]:
        width = len(self._indexes)
        with self._spool.reading() as file:
            for row in file:
                line, problem, *cells = json.loads(row)
                # A column that came up later is missing in the rows before.
                cells += [""] * (width - len(cells))
                yield InputRow(line, [cell if type(cell) is str else NonTextCell.of(*cell) for cell in cells], problem)

    def _digest(self) -> bytes:
        columns = json.dumps([str(column) for column in self._indexes]).encode()
        return hashlib.sha256(columns + self._spool.digest()).digest()
