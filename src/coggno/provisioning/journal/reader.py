"""Reading a journal without holding it, also while a run writes to it."""

from __future__ import annotations

import os
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from attrs import field, frozen

from coggno._protocol.identity import login_key
from coggno.provisioning.journal import schema, tables, values
from coggno.provisioning.journal.locks import holder_of
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.journal.records import REMOVALS, Holder, Job, JobState, RecordedWrite
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster import Row

_PAGE: Final = 1000  # results that are read at once
_IN_PROGRESS: Final = "in progress when the run ended; run the same command again to find out"
_NOT_ATTEMPTED: Final = "not attempted: the run ended before"


@frozen(kw_only=True)
class RecordedJob:
    """A job in a journal.

    Attributes:
        job: what was to be done.
        state: what is known of it.
        finished: when it came to its end, in seconds since the epoch; `None` if it did not.
        counts: how many results of rows are recorded, by outcome.
        removed: how many of users who are in no row.
    """

    job: Job
    state: JobState
    finished: float | None
    counts: Mapping[RowOutcome, int]
    removed: Mapping[RowOutcome, int] = field(factory=dict[RowOutcome, int])

    @property
    def recorded(self) -> int:
        """How many results of rows are recorded."""
        return sum(self.counts.values())


class Records(ABC):
    """What can be read from the journal of a run, wherever it is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    @abstractmethod
    def path(self) -> Path | DatabaseUrl:
        """Where the journal is."""

    @abstractmethod
    def close(self) -> None:
        """Read nothing more."""

    @property
    @abstractmethod
    def holder(self) -> Holder | None:
        """The run that uses the journal now, if there is one."""

    @abstractmethod
    def jobs(self) -> Sequence[RecordedJob]:
        """Return all jobs, the last one at the end.

        Raises:
            JournalError: the journal cannot be read.
        """

    @abstractmethod
    def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished.

        Raises:
            JournalError: the journal cannot be read.
        """

    def results(self, number: int) -> Iterator[RowResult]:
        """Yield the results of a job, by line; users who are in no row come last, with line 0.

        Args:
            number: of the job.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._results(number, after=0)

    def removed(self, number: int) -> list[RowResult]:
        """Return what became of users who are in no row, those included whose removal is in doubt.

        Args:
            number: of the job.

        Raises:
            JournalError: the journal cannot be read.
        """
        # Before the results: a removal that ends meanwhile is then in both, and not in neither.
        writes = [known for known in self.writes() if known.write.kind in REMOVALS]
        results = list(self._results(number, after=values.row_id(number, values.LEAVERS)))
        doubtful = {(known.write.key, known.write.group_id): known for known in writes}
        # Some have a result already, which is `unknown`; the same person may leave several groups.
        recorded = Counter(login_key(result.login) for result in results if result.outcome is RowOutcome.UNKNOWN)
        for known in doubtful.values():
            if recorded[known.write.key]:
                recorded[known.write.key] -= 1
            else:
                results.append(_in_doubt(known))
        return results

    def joined(self, rows: Iterable[Row], number: int) -> Iterator[tuple[Row, RowResult]]:
        """Yield the rows of a roster with their results, in constant memory.

        A row without a result was in progress when the process ended, or nothing was ever sent for it: an intent is
        recorded before every request.

        Args:
            rows: of the roster of the job, by line.
            number: of the job.

        Raises:
            JournalError: the journal cannot be read.
        """
        # By line and login: a write of an earlier job had the line of another roster.
        begun = {(known.write.line, known.write.key) for known in self.writes()}
        results = self.results(number)
        result = next(results, None)
        for row in rows:
            # Results of lines that the roster does not have belong to nobody here.
            while result is not None and 0 < result.line < row.line:
                result = next(results, None)
            if result is not None and result.line == row.line:
                yield row, result
            elif row.person is not None and (row.line, row.person.key) in begun:
                yield row, row.result(RowOutcome.UNKNOWN, _IN_PROGRESS)
            else:
                yield row, row.result(RowOutcome.FAILED, _NOT_ATTEMPTED, not_attempted=True)

    @abstractmethod
    def _results(self, number: int, *, after: int) -> Iterator[RowResult]:
        """Yield the results of a job whose id is greater than `after`."""


class JournalReader(Records):
    """Reads a journal, and changes nothing.

    Args:
        path: of the journal.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._connection = schema.open_to_read(self._path)

    @property
    def path(self) -> Path:
        """Path of the journal."""
        return self._path

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def holder(self) -> Holder | None:
        """The run that uses the journal now, if there is one."""
        return holder_of(self.path)

    def jobs(self) -> Sequence[RecordedJob]:
        """Return all jobs, the last one at the end.

        Raises:
            JournalError: the journal is damaged.
        """
        try:
            return [
                RecordedJob(
                    job=job,
                    state=state,
                    finished=finished,
                    counts=tables.count_outcomes(self._connection, state.number),
                    removed=tables.count_removed(self._connection, state.number),
                )
                for job, state, finished in tables.read_jobs(self._connection)
            ]
        except sqlite3.Error as error:
            raise schema.unusable(self.path, error) from None

    def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished.

        Raises:
            JournalError: the journal is damaged.
        """
        try:
            return tables.read_writes(self._connection)
        except sqlite3.Error as error:
            raise schema.unusable(self.path, error) from None

    def _results(self, number: int, *, after: int) -> Iterator[RowResult]:
        try:
            while page := tables.read_results(self._connection, number, after, _PAGE):
                yield from (result for _, result in page)
                after = page[-1][0]
        except sqlite3.Error as error:
            raise schema.unusable(self.path, error) from None


def _in_doubt(known: RecordedWrite) -> RowResult:
    """Return the result of a removal that no run has reported yet."""
    write = known.write
    user_id = write.before[0] if write.before else None
    return RowResult(
        line=0, login=write.name or write.key, outcome=RowOutcome.UNKNOWN, user_id=user_id, detail=_IN_PROGRESS
    )
