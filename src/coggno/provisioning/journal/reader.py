"""Reading a SQLite journal without holding it, also while a run writes to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from attrs import frozen

from coggno.provisioning.journal import schema, tables
from coggno.provisioning.journal.locks import holder_of
from coggno.provisioning.journal.records import Holder, Job, JobState, RecordedWrite
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
        counts: how many results of each outcome are recorded.
    """

    job: Job
    state: JobState
    finished: float | None
    counts: Mapping[RowOutcome, int]

    @property
    def recorded(self) -> int:
        """How many results are recorded."""
        return sum(self.counts.values())


class JournalReader:
    """Reads a journal, and changes nothing.

    Args:
        path: of the journal.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._connection = schema.open_to_read(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    def results(self, number: int) -> Iterator[RowResult]:
        """Yield the results of a job, by line; users who are in no row come last, with line 0.

        Args:
            number: of the job.

        Raises:
            JournalError: the journal is damaged.
        """
        last = 0
        try:
            while page := tables.read_results(self._connection, number, last, _PAGE):
                yield from (result for _, result in page)
                last = page[-1][0]
        except sqlite3.Error as error:
            raise schema.unusable(self.path, error) from None

    def joined(self, rows: Iterable[Row], number: int) -> Iterator[tuple[Row, RowResult]]:
        """Yield the rows of a roster with their results, in constant memory.

        A row without a result was in progress when the process ended, or nothing was ever sent for it: an intent is
        recorded before every request.

        Args:
            rows: of the roster of the job, by line.
            number: of the job.

        Raises:
            JournalError: the journal is damaged.
        """
        begun = {known.write.line for known in self.writes()}
        results = self.results(number)
        result = next(results, None)
        for row in rows:
            # Results of lines that the roster does not have belong to nobody here.
            while result is not None and 0 < result.line < row.line:
                result = next(results, None)
            if result is not None and result.line == row.line:
                yield row, result
            elif row.line in begun:
                yield row, row.result(RowOutcome.UNKNOWN, _IN_PROGRESS)
            else:
                yield row, row.result(RowOutcome.FAILED, _NOT_ATTEMPTED, not_attempted=True)
