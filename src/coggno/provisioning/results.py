"""Files of what became of the rows: `results.csv` for people, `failed.csv` to run again."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from coggno.provisioning.outcomes import RosterError, RowOutcome, RowResult
from coggno.provisioning.roster import Roster, Row

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_PART: Final = ".part"
_OURS: Final = ("line", "outcome", "inferred", "user_id", "detail")


def write_results(path: str | os.PathLike[str], roster: Roster, results: Mapping[int, RowResult]) -> None:
    """Write every row of the roster in order, with what became of it; never a password.

    Meant for a person's spreadsheet: cells that it would take for a formula are prefixed with `'`. A row that has no
    result, since the run was cut off, is `unknown`.

    Args:
        path: of the file; written whole or not at all.
        roster: the input.
        results: line -> what became of the row.

    Raises:
        RosterError: the file cannot be written.
    """
    own = [name if name not in _OURS else f"{name} (roster)" for name in roster.columns]
    rows = ((*_ours(row, results.get(row.line)), *row.cells) for row in roster.rows)
    table = ([_harmless(cell) for cell in row] for row in ((*_OURS, *own), *rows))
    _write(Path(path), table)


def write_failed(path: str | os.PathLike[str], roster: Roster, results: Mapping[int, RowResult]) -> int:
    """Write the rows to run again, in the roster's own form, and return how many there are.

    Meant for machines: cells are as they were, delimiter and encoding are the roster's, so that the same options read
    it again. Passwords are left out: fill them in, or have them made. The file is removed when no row is left.

    Args:
        path: of the file.
        roster: the input.
        results: line -> what became of the row.

    Raises:
        RosterError: the file cannot be written.
    """
    rows = [row for row in roster.rows if row.line not in results or not results[row.line].is_as_wanted]
    if not rows:
        _remove(Path(path))
        return 0
    table = (roster.header, *(_whole(roster, row) for row in rows))
    _write(Path(path), table, delimiter=roster.delimiter or ",", encoding=roster.encoding)
    return len(rows)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise `RosterError` if a file could not be written there: better now than after the run.

    What is there already must be a regular file, and the name leave room for that of the file beside it, from which it
    will be renamed.
    """
    target = Path(path)
    if target.is_dir():
        raise RosterError(f"{target} is a directory; give a file name")
    if target.exists() and not target.is_file():
        raise RosterError(f"{target} is not a regular file; give another name")
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, suffix=_PART):
            pass
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from None


def holds_results(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is one of `write_results`, which another run may overwrite."""
    head = ",".join(_OURS).encode()
    try:
        with Path(path).open("rb") as file:
            return file.read(len(head)) == head
    except OSError:
        return False


def _ours(row: Row, result: RowResult | None) -> tuple[str, ...]:
    result = result or row.result(RowOutcome.UNKNOWN, "the run was cut off before its outcome was known")
    user_id = "" if result.user_id is None else str(result.user_id)
    return str(row.line), result.outcome.value, "yes" if result.inferred else "", user_id, result.detail


def _whole(roster: Roster, row: Row) -> list[str]:
    """The row's cells in all columns of the roster; those of passwords are empty."""
    cells = [""] * len(roster.header)
    for place, cell in zip(roster.visible, row.cells, strict=True):
        cells[place] = cell
    return cells


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _write(path: Path, table: Iterable[Sequence[str]], *, delimiter: str = ",", encoding: str = "utf-8") -> None:
    """Write beside the target and rename: a crash leaves the old file or the new one, never half of one."""
    part: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            encoding=encoding,
            errors="backslashreplace",  # JSON may hold what no encoding can write; the run has happened all the same
            newline="",
            dir=path.parent,
            prefix=path.name,
            suffix=_PART,
            delete=False,
        ) as file:
            part = Path(file.name)
            csv.writer(file, delimiter=delimiter).writerows(table)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        if part is not None:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError | ValueError):
            raise _unwritable(path, error) from None
        raise


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError | ValueError) -> RosterError:
    return RosterError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}")
