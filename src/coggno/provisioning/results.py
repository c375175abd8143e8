"""Files of what became of the rows: `results.csv` for people, `failed.csv` to run again."""

from __future__ import annotations

import codecs
import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster import Roster, Row
from coggno.provisioning.safe_file import remove, replacing
from coggno.provisioning.spreadsheet import harmless

_OURS: Final = ("line", "outcome", "inferred", "user_id", "detail", "roster")
_SUBSTITUTE: Final = "coggno-substitute"

# JSON can hold half a surrogate pair, which no encoding has. A control character in its place keeps the row invalid
# when failed.csv is run again.
codecs.register_error(_SUBSTITUTE, lambda error: ("\x1a" * (error.end - error.start), error.end))  # type: ignore[attr-defined]


def write_results(path: str | os.PathLike[str], roster: Roster, results: Mapping[int, RowResult]) -> None:
    """Write every row of the roster in order, with what became of it; never a password.

    Meant for a spreadsheet: cells that it would run as a formula are prefixed with `'`. A row without a result, since
    the run was cut off, is `unknown`.

    Args:
        path: of the file; written whole or not at all.
        roster: the input.
        results: line -> what became of the row.

    Raises:
        RosterError: the file cannot be written.
    """
    # Compared without case: a spreadsheet does not tell `Line` from `line`.
    own = [name if name.casefold() not in _OURS else f"{name} (roster)" for name in roster.columns]
    with replacing(Path(path), encoding="utf-8", errors="backslashreplace") as file:
        # Quoted: where the list separator is a semicolon, `x;=1+1` would be two cells, the second one a formula.
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(map(harmless, (*_OURS, *own)))
        for row in roster.rows:
            ours = _outcome_cells(row, results.get(row.line))
            writer.writerow(map(harmless, (*ours, roster.name, *row.cells)))


def write_failed(path: str | os.PathLike[str], roster: Roster, results: Mapping[int, RowResult]) -> int:
    """Write the rows to run again, in the roster's own columns, and return how many there are.

    Meant to be read again with the same options: cells are as they were, delimiter and encoding are the roster's.
    Passwords are left out: fill them in, or have them generated. The file is removed when no row is left.

    Args:
        path: of the file; written whole or not at all.
        roster: the input.
        results: line -> what became of the row.

    Raises:
        RosterError: the file cannot be written or removed.
    """
    rows = [row for row in roster.rows if row.line not in results or not results[row.line].is_as_wanted]
    if not rows:
        remove(Path(path))
        return 0
    with replacing(Path(path), encoding=roster.encoding, errors=_SUBSTITUTE) as file:
        writer = csv.writer(file, delimiter=roster.delimiter or ",")
        writer.writerow(roster.header)
        writer.writerows(row.uneven or _all_columns(roster, row) for row in rows)
    return len(rows)


def holds_results(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is one of `write_results`, which another run may overwrite."""
    head = ",".join(f'"{name}"' for name in _OURS).encode()
    try:
        with Path(path).open("rb") as file:
            return file.read(len(head)) == head
    except OSError:
        return False


def are_results_of(path: str | os.PathLike[str], roster: str) -> bool:
    """Return whether the results in a file are those of a roster, or have no rows.

    Args:
        path: of a file that `holds_results`.
        roster: the roster's name; the name of a file is resolved from the current directory.
    """
    # Without rows there is nothing that could be lost.
    name = _roster_in(Path(path))
    return name is None or name == harmless(roster) or os.path.realpath(name) == os.path.realpath(roster)


def _roster_in(path: Path) -> str | None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        try:
            return next((row["roster"] for row in rows), None)
        except csv.Error:  # a cell of another program that is longer than the module reads
            return ""


def _outcome_cells(row: Row, result: RowResult | None) -> tuple[str, ...]:
    result = result or row.result(RowOutcome.UNKNOWN, "the run ended before the outcome was known")
    user_id = "" if result.user_id is None else str(result.user_id)
    return str(row.line), result.outcome.value, "yes" if result.inferred else "", user_id, result.detail


def _all_columns(roster: Roster, row: Row) -> Sequence[str]:
    """Return the row's cells in all columns of the roster; those of passwords are empty."""
    cells = [""] * len(roster.header)
    for index, cell in zip(roster.visible, row.cells, strict=True):
        cells[index] = cell
    return cells
