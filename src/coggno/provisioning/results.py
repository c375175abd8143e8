"""Files of what became of the rows: `results.csv` for people, `failed.csv` to run again."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from coggno.provisioning.outcomes import RosterError, RowResult
from coggno.provisioning.roster import Roster

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_OURS: Final = ("line", "outcome", "inferred", "user_id", "detail")


def write_results(path: str | os.PathLike[str], roster: Roster, results: Mapping[int, RowResult]) -> None:
    """Write every row of the roster in order, with what became of it; never a password.

    Meant for a person's spreadsheet: cells that it would take for a formula are prefixed with `'`.

    Args:
        path: of the file; written whole or not at all.
        roster: the input.
        results: line -> what became of the row.

    Raises:
        RosterError: the file cannot be written.
    """
    own = [name if name not in _OURS else f"{name} (roster)" for name in roster.columns]
    rows = (
        [
            str(row.line),
            result.outcome,
            "yes" if result.inferred else "",
            result.user_id or "",
            result.detail,
            *row.cells,
        ]
        for row in roster.rows
        if (result := results.get(row.line)) is not None
    )
    _write(Path(path), [*_OURS, *own], ([_harmless(str(cell)) for cell in row] for row in rows))


def write_failed(path: str | os.PathLike[str], roster: Roster, results: Mapping[int, RowResult]) -> int:
    """Write the rows to run again, in the roster's own columns, and return how many there are.

    Meant for machines: cells are as they were. Passwords are left out: add them again, or have them made. The file is
    removed when no row is left.

    Args:
        path: of the file.
        roster: the input.
        results: line -> what became of the row.

    Raises:
        RosterError: the file cannot be written.
    """
    rows = [row.cells for row in roster.rows if row.line not in results or not results[row.line].is_as_wanted]
    if rows:
        _write(Path(path), roster.columns, rows)
    else:
        Path(path).unlink(missing_ok=True)
    return len(rows)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise `RosterError` if a file could not be written there: better now than after the run."""
    target = Path(path)
    if target.is_dir():
        raise RosterError(f"{target} is a directory; give a file name")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RosterError(f"{target} cannot be written: {reason}") from None


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write beside the target and rename: a crash leaves the old file or the new one, never half of one."""
    name = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=path.name, suffix=".part", delete=False
        ) as file:
            name = file.name
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except (OSError, ValueError) as error:
        if name:
            Path(name).unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise RosterError(f"{path} cannot be written: {reason}") from None
