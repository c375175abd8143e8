"""The journal of a run: beside its results, and for one roster at one company and server."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from attrs import evolve

from coggno.cli.provision.files import RunFiles
from coggno.provisioning import (
    JournalError,
    PlanFile,
    PostgresJournal,
    Roster,
    Row,
    RowOutcome,
    RowResult,
    SqliteJournal,
)
from coggno.provisioning.journal import JournalLocation, JournalReader, JournalScope, Records, journal_at, read_journal

_PAUSE: Final = 1000  # rows
_SENT: Final = frozenset({RowOutcome.DELETED, RowOutcome.LEFT, RowOutcome.UNKNOWN})


def with_journal(files: RunFiles, scope: JournalScope, *, accepts_new_key: bool) -> RunFiles:
    """Return files with a journal beside the results, all of them numbered if the journal there is another one.

    Args:
        files: of the run.
        scope: account, company and server of the run.
        accepts_new_key: whether the account may have another key than before.
    """
    if files.journal is not None:
        return files

    def reason_to_keep(results: Path) -> str:
        return files.reason_to_keep(results) or _reason_to_keep(
            results.with_suffix(".journal"), files, scope, accepts_new_key=accepts_new_key
        )

    chosen = files.numbered(reason_to_keep)
    return evolve(chosen, journal=chosen.results.with_suffix(".journal"))


@asynccontextmanager
async def open_journal(
    location: JournalLocation | None, *, patience: float, settle_time: float
) -> AsyncGenerator[SqliteJournal | PostgresJournal]:
    """Open the journal of a run; without a location, one that is deleted afterwards.

    Args:
        location: where it is.
        patience: seconds that a database may be gone until the run stops.
        settle_time: seconds until a write of another run counts as lost, where it died or gave up.

    Raises:
        JournalError: it cannot be used.
    """
    if location is not None:
        async with journal_at(location, patience=patience, settle_time=settle_time) as journal:
            yield journal
        return
    with tempfile.TemporaryDirectory(prefix="coggno-") as folder:
        async with SqliteJournal(Path(folder) / "run.journal") as journal:
            yield journal


def recorded_rows(
    journal: JournalLocation, roster: Roster | None
) -> Callable[[], AsyncIterator[tuple[Row, RowResult]]]:
    """Return a function that yields every row of a roster with what the last run in a journal knows of it.

    Args:
        journal: where it is; everything has to be written.
        roster: of that run; `None` if it cannot be read any more.
    """

    async def rows() -> AsyncIterator[tuple[Row, RowResult]]:
        with read_journal(journal) as reader:
            number = reader.jobs()[-1].state.number
            pairs = by_login(reader, number) if roster is None else reader.joined(roster.rows, number)
            for index, pair in enumerate(pairs):
                if index % _PAUSE == 0:
                    # Ctrl-C takes effect at a pause only; a million rows take a while.
                    await asyncio.sleep(0)
                yield pair

    return rows


def by_login(reader: Records, number: int) -> Iterator[tuple[Row, RowResult]]:
    """Yield what a run knows of its rows without the roster: their lines and logins.

    Args:
        reader: of the journal.
        number: of the run.
    """
    return ((Row(result.line, (), None), result) for result in reader.results(number) if result.line)


def recorded_removals(journal: JournalLocation, of_this_run: Sequence[RowResult]) -> list[RowResult]:
    """Return what became of users who are in no row: what the journal knows, and what it does not keep.

    Args:
        journal: where it is; everything has to be written.
        of_this_run: results of this run; those of earlier runs are in the journal only.
    """
    with read_journal(journal) as reader:
        recorded = reader.removed(reader.jobs()[-1].state.number)
    known = set(recorded)
    missing = [result for result in of_this_run if result not in known]
    # What this run has sent and could not note any more is in doubt in the journal.
    better = Counter(result.login for result in missing if result.outcome in _SENT)
    kept: list[RowResult] = []
    for result in recorded:
        if result.outcome is RowOutcome.UNKNOWN and better[result.login]:
            better[result.login] -= 1
        else:
            kept.append(result)
    return [*kept, *missing]


def is_begun(journal: JournalLocation | None, roster: Roster, plan: PlanFile) -> bool:
    """Return whether the last run in a journal has begun to carry out a plan, and did not come to its end.

    Args:
        journal: where it is; `None` if there is none.
        roster: of the run.
        plan: the plan.

    Raises:
        JournalError: it cannot be read.
    """
    if journal is None or (isinstance(journal, Path) and not journal.exists()):
        return False
    try:
        with read_journal(journal) as reader:
            jobs = reader.jobs()
    except JournalError:
        if isinstance(journal, Path):
            raise
        return False  # nothing is there yet, or else the run itself says what is wrong
    if not jobs:
        return False
    last = jobs[-1]
    return last.job.digest == roster.digest and last.finished is None and last.job.plan == plan.id


def _reason_to_keep(path: Path, files: RunFiles, scope: JournalScope, *, accepts_new_key: bool) -> str:
    """Return why a journal is not that of a run, in words for a message; empty if it is, or there is none."""
    if not path.exists():
        return ""
    try:
        with JournalReader(path) as reader:
            jobs = reader.jobs()
    except JournalError:
        return ""  # opening it for the run says what is wrong, and what to do
    if not jobs:
        return ""
    job = jobs[-1].job
    if evolve(job.scope, account=scope.account) != scope:
        return f"{path} is the journal of another company or server"
    if job.scope.account != scope.account and not accepts_new_key:
        return f"{path} is the journal of another API key (for a new key of the same account, add --recheck)"
    same = job.roster == files.roster_name or os.path.realpath(job.roster) == os.path.realpath(files.roster_name)
    return "" if same else f"{path} is the journal of another roster"
