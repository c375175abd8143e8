"""Reading a journal in PostgreSQL without holding it, also while a run writes to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, LiteralString

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import values
from coggno.provisioning.journal.postgres import driver, lease, schema, statements
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.journal.reader import RecordedJob, Records
from coggno.provisioning.journal.records import Holder, Job, JobState, RecordedWrite
from coggno.provisioning.outcomes import RowOutcome, RowResult

_PAGE: Final = 1000  # results that are read at once
_HOLDER: Final = "SELECT pid, host, since FROM coggno.journals WHERE id = %s AND expires > clock_timestamp()"


class PostgresReader(Records):
    """Reads a journal, and changes nothing.

    Args:
        url: of the journal.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
    """

    def __init__(self, url: str | DatabaseUrl) -> None:
        self._url = url if isinstance(url, DatabaseUrl) else DatabaseUrl(url)
        self._connection = driver.connect_to_read(self._url)
        try:
            self._journal = self._find()
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> DatabaseUrl:
        """URL of the journal."""
        return self._url

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def holder(self) -> Holder | None:
        """The run that uses the journal now, if there is one."""
        found = self._rows(_HOLDER, self._journal)
        return lease.holder_from(found[0]) if found else None

    def jobs(self) -> Sequence[RecordedJob]:
        """Return all jobs, the last one at the end."""
        scope = statements.scope_of(self._rows(statements.SCOPE, self._journal))
        found = self._rows(statements.JOBS, self._journal) if scope is not None else []
        return [self._recorded(*values.job_of(row, scope)) for row in found if scope is not None]

    def writes(self) -> Sequence[RecordedWrite]:
        """Return the writes of rows and groups that are not finished."""
        return [values.write_of(row) for row in self._rows(statements.WRITES, self._journal)]

    def _results(self, number: int, *, after: int) -> Iterator[RowResult]:
        while page := statements.results_of(
            self._rows(statements.RESULTS, *statements.page(self._journal, number, after, _PAGE))
        ):
            yield from (result for _, result in page)
            after = page[-1][0]

    def _recorded(self, job: Job, state: JobState, finished: float | None) -> RecordedJob:
        first, leavers, end = (
            values.row_id(state.number, 0),
            values.row_id(state.number, values.LEAVERS),
            values.row_id(state.number + 1, 0),
        )
        return RecordedJob(
            job=job,
            state=state,
            finished=finished,
            counts=self._counts(first, leavers),
            removed=self._counts(leavers, end),
        )

    def _counts(self, first: int, end: int) -> dict[RowOutcome, int]:
        found = self._rows(statements.COUNTS, self._journal, first, end)
        return {values.OUTCOMES[outcome]: count for outcome, count in found}

    def _find(self) -> int:
        with driver.described(self._url):
            schema.check_version(self._connection, self._url)
        found = self._rows("SELECT id FROM coggno.journals WHERE name = %s", self._url.name)
        if not found:
            raise JournalError(f"There is no journal {self._url}.")
        return int(found[0][0])

    def _rows(self, statement: LiteralString, *parameters: Any) -> list[Sequence[Any]]:
        with driver.described(self._url):
            return self._connection.execute(statement, parameters).fetchall()
