"""The files of a run: which they are, and that they can be written, checked before anything is sent."""

from __future__ import annotations

import os
import re
import shutil
from itertools import combinations
from pathlib import Path
from typing import Final, Self

from attrs import frozen

from coggno.cli.exit_codes import CommandError
from coggno.provisioning import Roster, check_writable, holds_results

_EARLIER: Final = re.compile(r"failed(?:-(\d+))?\.csv", re.IGNORECASE)
_PLAIN: Final = re.compile(r"results(-\d+)?")
_PER_ROW: Final = 300  # bytes that outcome and detail take in results.csv, generously


@frozen(kw_only=True)
class Files:
    """Paths of a run.

    Attributes:
        roster: what is read; `None` for standard input.
        results: every row with its outcome.
        failed: the rows to run again.
        passwords: where passwords are made, if they are.
    """

    roster: Path | None
    results: Path
    failed: Path
    passwords: Path | None

    @classmethod
    def of(cls, roster: str, *, results: Path | None, passwords: Path | None) -> Self:
        """Return the files of a run.

        The rows to run again go beside the results: `failed.csv` beside `results.csv`, `march-failed.csv` beside
        `march.csv`. The `failed.csv` of an earlier run as the roster makes `results-2.csv` and `failed-2.csv`, and so
        on: a run that is repeated overwrites its own files, and one with the rest of another not those of the other.
        """
        earlier = _EARLIER.fullmatch(Path(roster).name)
        number = f"-{int(earlier[1] or 1) + 1}" if earlier else ""
        chosen = Path(f"results{number}.csv") if results is None else results
        return cls(
            roster=None if roster == "-" else Path(roster),
            results=chosen,
            failed=_beside(chosen),
            passwords=passwords,
        )

    def check(self) -> None:
        """Refuse what cannot be written, or would be overwritten.

        Raises:
            CommandError: two of them are one file, or one holds something that no run wrote.
            RosterError: one cannot be written.
        """
        outputs = {"results": self.results, "rows to run again": self.failed, "passwords": self.passwords}
        named = {name: path for name, path in outputs.items() if path is not None}
        for path in named.values():
            check_writable(path)
        if self.roster is not None:
            named["roster"] = self.roster
        for (one, first), (other, second) in combinations(named.items(), 2):
            if os.path.realpath(first) == os.path.realpath(second):
                raise CommandError(f"the {one} and the {other} would be one file, {first}; give another name")
        self._check_foreign()

    def _check_foreign(self) -> None:
        """Rows to run again look like any roster: that they are ours is told by the results beside them."""
        if str(self.results) == "-":
            raise CommandError("--results -: results go into a file, not to standard output; give it a name")
        if self.results.exists() and self.results.stat().st_size and not holds_results(self.results):
            raise CommandError(f"{self.results} is there and holds no results of a run; give another name: --results")
        if self.failed.exists() and not self.results.exists():
            message = f"{self.failed} is there without the {self.results.name} it would belong to"
            raise CommandError(f"{message}; move it away, or give another name: --results")

    def check_space(self, roster: Roster) -> None:
        """Refuse to begin where the results of `roster` will not fit on the disk.

        Raises:
            CommandError: saying how much is missing.
        """
        cells = sum(len(cell) + 1 for row in roster.rows for cell in row.cells)
        needed = 2 * (cells + _PER_ROW * len(roster.rows))
        free = shutil.disk_usage(self.results.parent).free
        if free < needed:
            message = f"the results need about {needed >> 10} KiB beside {self.results}, and {free >> 10} KiB are free"
            raise CommandError(message)


def _beside(results: Path) -> Path:
    """Return where the rows to run again go."""
    if not results.name:
        return results
    plain = _PLAIN.fullmatch(results.stem)
    stem = f"failed{plain[1] or ''}" if plain else f"{results.stem}-failed"
    return results.with_name(stem + results.suffix)
