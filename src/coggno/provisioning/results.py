"""Files of what became of the rows: `results.csv` for people, `failed.csv` to run again."""

from __future__ import annotations

import codecs
import csv
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

from attrs import evolve

from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster import Roster, Row
from coggno.provisioning.safe_file import remove, replacing
from coggno.provisioning.spreadsheet import harmless

_OURS: Final = ("line", "outcome", "login", "inferred", "user_id", "detail", "roster")
_SUBSTITUTE: Final = "coggno-substitute"
_FORECAST: Final = "forecast"
RUNNING: Final = "this run has not ended, or was killed; run the same command again to continue it"

# JSON can hold half a surrogate pair, which no encoding has. A control character in its place keeps the row invalid
# when failed.csv is run again.
codecs.register_error(_SUBSTITUTE, lambda error: ("\x1a" * (error.end - error.start), error.end))  # type: ignore[attr-defined]


class ResultsTable(Protocol):
    """What a results file needs of a roster; a run whose roster is gone has something else in its place."""

    @property
    def name(self) -> str:
        """Where the rows came from."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that follow ours, in the order of `Row.cells`."""
        ...


class ResultsWriter:
    """Writes what became of the rows, one by one; see `write_results`.

    Args:
        file: where to write.
        roster: the input.
    """

    def __init__(self, file: IO[str], roster: ResultsTable) -> None:
        # Quoted: where the list separator is a semicolon, `x;=1+1` would be two cells, the second one a formula.
        self._writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        self._roster = roster.name
        # Compared without case: a spreadsheet does not tell `Line` from `line`.
        self._own = [name if name.casefold() not in _OURS else f"{name} (roster)" for name in roster.columns]
        self._writer.writerow(map(harmless, (*_OURS, *self._own)))

    def add(self, row: Row, result: RowResult) -> None:
        """Write a row and its result; never a password."""
        self._write(str(row.line), result, row.cells)

    def add_note(self, outcome: RowOutcome, detail: str) -> None:
        """Write a line about the run as a whole."""
        self.add_removed(RowResult(line=0, login="", outcome=outcome, detail=detail))

    def add_removed(self, result: RowResult) -> None:
        """Write what became of somebody who is in no row; after all rows."""
        self._write("", result, [""] * len(self._own))

    def _write(self, line: str, result: RowResult, own: Sequence[str]) -> None:
        user_id = "" if result.user_id is None else str(result.user_id)
        inferred = "yes" if result.inferred else ""
        ours = (line, result.outcome.value, result.login, inferred, user_id, result.detail, self._roster)
        self._writer.writerow(map(harmless, (*ours, *own)))


class FailedWriter:
    """Writes the rows to run again, one by one; see `write_failed`.

    Args:
        open_file: opens where to write; called for the first row, so that a run without such rows writes no file.
        roster: the input.

    Attributes:
        count: how many rows were written.
    """

    def __init__(self, open_file: Callable[[], IO[str]], roster: Roster) -> None:
        self._open = open_file
        self._roster = roster
        self._writer: Any = None
        self.count = 0

    def add(self, row: Row, result: RowResult) -> None:
        """Write a row if it is not as wanted."""
        if result.is_as_wanted:
            return
        if self._writer is None:
            self._writer = csv.writer(self._open(), delimiter=self._roster.delimiter or ",")
            self._writer.writerow(self._roster.header)
        self._writer.writerow(row.uneven or _all_columns(self._roster, row))
        self.count += 1


@contextmanager
def writing_results(path: str | os.PathLike[str], roster: ResultsTable) -> Generator[ResultsWriter]:
    """Write the results file of a roster, row by row, in constant memory.

    Args:
        path: of the file; it is replaced when the context ends without an error.
        roster: the input.

    Raises:
        RosterError: the file cannot be written.
    """
    with replacing(Path(path), encoding="utf-8", errors="backslashreplace") as file:
        yield ResultsWriter(file, roster)


@contextmanager
def writing_failed(path: str | os.PathLike[str], roster: Roster) -> Generator[FailedWriter]:
    """Write the rows to run again, row by row; without a row the file is removed.

    Args:
        path: of the file; it is replaced when the context ends without an error.
        roster: the input.

    Raises:
        RosterError: the file cannot be written or removed.
    """
    with ExitStack() as stack:
        new_file = replacing(Path(path), encoding=roster.encoding, errors=_SUBSTITUTE)
        writer = FailedWriter(lambda: stack.enter_context(new_file), roster)
        yield writer
    if not writer.count:
        remove(Path(path))


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
    with writing_results(path, roster) as writer:
        for row in roster.rows:
            writer.add(row, results.get(row.line) or unfinished(row))


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
    with writing_failed(path, roster) as writer:
        for row in roster.rows:
            writer.add(row, results.get(row.line) or unfinished(row))
    return writer.count


def mark_results(path: str | os.PathLike[str], roster: Roster) -> None:
    """Write a results file that says that the run has begun: the results of an earlier one would pose as its own.

    Args:
        path: of the file; written whole or not at all.
        roster: the input.

    Raises:
        RosterError: the file cannot be written.
    """
    with writing_results(path, roster) as writer:
        writer.add_note(RowOutcome.UNKNOWN, RUNNING)


def forecast_of(result: RowResult) -> RowResult:
    """Return a result for the file of a dry run, marked so that nobody takes it for one of a run."""
    return evolve(result, detail=f"{_FORECAST}: {result.detail}" if result.detail else _FORECAST)


def unfinished(row: Row) -> RowResult:
    """Return the result of a row whose own is not known, since the process was killed."""
    return row.result(RowOutcome.UNKNOWN, "the run ended before the outcome was known")


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
    first = _first_row(Path(path))
    # Without rows there is nothing that could be lost.
    if first is None:
        return True
    name = first.get("roster") or ""
    return name == harmless(roster) or os.path.realpath(name) == os.path.realpath(roster)


def holds_forecast(path: str | os.PathLike[str]) -> bool:
    """Return whether a file that `holds_results` was written by a dry run, or has no rows."""
    first = _first_row(Path(path))
    return first is None or (first.get("detail") or "").startswith(_FORECAST)


def _first_row(path: Path) -> Mapping[str, str | None] | None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        try:
            return next(iter(rows), None)
        except csv.Error:  # a cell of another program that is longer than the module reads
            return {}


def _all_columns(roster: Roster, row: Row) -> Sequence[str]:
    """Return the row's cells in all columns of the roster; those of passwords are empty."""
    cells = [""] * len(roster.header)
    for index, cell in zip(roster.visible, row.cells, strict=True):
        cells[index] = cell
    return cells
