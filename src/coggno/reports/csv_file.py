"""The report as CSV, a line for each row."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import IO, Final

from coggno.provisioning.spreadsheet import harmless
from coggno.reports.completion_row import CompletionRow

COLUMNS: Final = (
    "document_id",
    "document",
    "user_id",
    "login",
    "first_name",
    "last_name",
    "groups",
    "state",
    "status",
    "score",
    "passed",
    "start_date",
    "complete_date",
)


class CompletionCsv:
    """Writes the rows of a report as CSV; cells that a spreadsheet would run as a formula begin with `'`.

    Args:
        file: a text file that is open for writing, with `newline=""`.
    """

    def __init__(self, file: IO[str]) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def add(self, row: CompletionRow) -> None:
        """Write a row."""
        self._writer.writerow([harmless(cell) for cell in cells(row)])


def cells(row: CompletionRow) -> Sequence[str]:
    """Return the values of a row as text, in the order of `COLUMNS`; a value that is missing is empty."""
    return [_text(getattr(row, name)) for name in COLUMNS]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
