"""Reading jobs without holding them, also while workers carry them out; and cancelling one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, LiteralString, Self

from coggno.provisioning.errors import JobNotFoundError, JournalError
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.database.row_data import row_of
from coggno.provisioning.jobs.database.sealing import JobClient, Sealer
from coggno.provisioning.jobs.records import JobPhase, JobStatus, ShardStatus, SubmittedJob
from coggno.provisioning.jobs.rosters import roster_of
from coggno.provisioning.journal import DatabaseUrl, Holder, values
from coggno.provisioning.journal.postgres import driver, schema
from coggno.provisioning.outcomes import RowOutcome, RowResult, Waiting
from coggno.provisioning.roster import Person, Roster, Row

_PAGE: Final = 1000  # rows that are read at once
_NAMED: Final = 20  # jobs in a message
_SHARDS: Final = """
SELECT shard.number, shard.row_count, shard.counts, shard.finished, shard.waiting, shard.waiting_since,
  journal.pid, journal.host, journal.since, coalesce(journal.expires > clock_timestamp(), false), shard.journal
FROM coggno.shards AS shard JOIN coggno.journals AS journal ON journal.id = shard.journal
WHERE shard.job = %s ORDER BY shard.number
"""
_COUNTS: Final = "SELECT journal, outcome, count(*) FROM coggno.rows WHERE journal = ANY(%s) GROUP BY journal, outcome"
_PLANNER: Final = "SELECT pid, host, since FROM coggno.journals WHERE id = %s AND expires > clock_timestamp()"
_ROWS: Final = """
SELECT line, data, merged_into, shard FROM coggno.submitted_rows
WHERE job = %s AND line > %s ORDER BY line LIMIT %s
"""
_LAST_LINE: Final = "SELECT coalesce(max(line), 0) FROM coggno.submitted_rows WHERE job = %s"
_JOURNALS: Final = "SELECT number, journal FROM coggno.shards WHERE job = %s"
_RESULTS: Final = f"""
SELECT {values.RESULT} FROM coggno.rows AS known
JOIN unnest(%s::bigint[], %s::bigint[]) AS wanted (journal, row) ON known.journal = wanted.journal AND id = wanted.row
"""  # noqa: S608 - names of columns
_BEGUN: Final = """
SELECT line FROM coggno.writes WHERE journal = ANY(%s) AND line <> 0
"""
_GENERATED: Final = (
    "SELECT line, password FROM coggno.submitted_rows WHERE job = %s AND is_generated AND password IS NOT NULL"
)
_CREATED: Final = frozenset({RowOutcome.CREATED, RowOutcome.UNKNOWN})
_CANCEL: Final = "UPDATE coggno.submissions SET cancelled = %s WHERE id = %s AND cancelled IS NULL AND finished IS NULL"
# Everything else belongs to the journals. A worker that holds one of a cancelled job is about to end.
_DELETE: Final = """
DELETE FROM coggno.journals WHERE id IN (
  SELECT journal FROM coggno.submissions WHERE id = %(job)s UNION SELECT journal FROM coggno.shards WHERE job = %(job)s
) AND EXISTS (
  SELECT 1 FROM coggno.submissions WHERE id = %(job)s AND (finished IS NOT NULL OR cancelled IS NOT NULL)
)
"""
_IN_PROGRESS: Final = "in progress when the worker ended; another worker finds out"
_UNKNOWN: Final = "in progress when the job was cancelled. It may have happened; run the row again to find out"


class JobReader:
    """Reads the jobs in a database; also while workers carry them out.

    ```python
    with JobReader("postgresql:///coggno") as reader:
        for job in reader.jobs():
            print(job.name, job.state, job.done, job.rows)
    ```

    Args:
        url: of any journal in the database.

    Raises:
        JournalError: the database cannot be read, or belongs to another version of this program.
    """

    def __init__(self, url: str | DatabaseUrl) -> None:
        self._url = url if isinstance(url, DatabaseUrl) else DatabaseUrl(url)
        self._connection = driver.connect_to_read(self._url, is_read_only=False)
        try:
            with driver.described(self._url):
                # A database that nobody has used yet has no jobs.
                self._is_new = not schema.has_tables(self._connection)
                if not self._is_new:
                    schema.check_version(self._connection, self._url)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def jobs(self) -> list[JobStatus]:
        """Return how far every job is, in the order of their submission.

        Raises:
            JournalError: the database cannot be read.
        """
        found = [] if self._is_new else self._rows(tables.JOBS_IN_ORDER)
        return [self._status(tables.job_of(row)) for row in found]

    def job(self, name: str) -> JobStatus:
        """Return how far a job is.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be read.
        """
        return self._status(self.submitted(name))

    def find(self, name: str) -> JobStatus | None:
        """Return how far a job is; `None` if there is none of that name.

        Raises:
            JournalError: the database cannot be read.
        """
        found = [] if self._is_new else self._rows(tables.JOB, name)
        return self._status(tables.job_of(found[0])) if found else None

    def submitted(self, name: str) -> SubmittedJob:
        """Return what is kept of a job.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be read.
        """
        found = [] if self._is_new else self._rows(tables.JOB, name)
        if not found:
            raise no_job(name, self._url, [] if self._is_new else [each for (each,) in self._rows(tables.JOB_NAMES)])
        return tables.job_of(found[0])

    def cancel(self, name: str) -> JobStatus:
        """Let workers begin no more rows of a job, and erase the passwords that it was given; return how far it is.

        A worker notices within about a second, and ends the requests in progress.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be written.
        """
        job = self.submitted(name)
        with driver.described(self._url), self._connection.transaction():
            if self._connection.execute(_CANCEL, (time.time(), job.id)).rowcount:
                self._connection.execute(tables.ERASE_JOB, (job.id,))
        return self.job(name)

    def delete(self, name: str) -> None:
        """Delete everything that is known of a job that has ended: its rows, results and passwords.

        Raises:
            JournalError: there is no such job, it has not ended, or the database cannot be written.
        """
        job = self.submitted(name)
        with driver.described(self._url), self._connection.transaction():
            if not self._connection.execute(_DELETE, {"job": job.id}).rowcount:
                raise JournalError(f"The job {name} has not ended. Cancel it first, or wait.")

    def roster(self, name: str) -> Roster:
        """Return the roster of a job, with all its rows but without passwords.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be read.
        """
        job = self.submitted(name)
        ((last_line,),) = self._rows(_LAST_LINE, job.id)
        rejected = {RowOutcome(outcome): count for outcome, count in job.details.rejected.items()}
        return roster_of(
            job,
            lambda: (row for row, _ in self._kept(job)),
            count=job.rows,
            last_line=last_line,
            digest=job.digest,
            rejected=rejected,
        )

    def results(self, name: str) -> Iterator[RowResult]:
        """Yield what is known of every row, in the input's order.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be read.
        """
        return (result for _, result in self.joined(name))

    def joined(self, name: str) -> Iterator[tuple[Row, RowResult]]:
        """Yield every row with what is known of it, in the input's order.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the database cannot be read.
        """
        job = self.submitted(name)
        journals = {number: int(journal) for number, journal in self._rows(_JOURNALS, job.id)}
        # Before the results: a row that ends meanwhile is then in both, and not in neither.
        begun = {line for (line,) in self._rows(_BEGUN, [*journals.values()])}
        after = 0
        while page := self._page(job, after):
            wanted = [(journals[shard], values.row_id(1, row.line)) for row, shard in page if shard is not None]
            found = self._rows(_RESULTS, *([list(part) for part in zip(*wanted, strict=True)] or [[], []]))
            results = {result.line: result for result in map(values.result_of, found)}
            for row, _ in page:
                yield row, row.rejection or results.get(row.line) or _unfinished(job, row, is_begun=row.line in begun)
            after = page[-1][0].line

    def passwords(self, name: str, client: JobClient) -> Iterator[tuple[Person, str]]:
        """Yield the passwords that were generated for users who were created, or may have been.

        Args:
            name: of the job.
            client: has the API key that the job was submitted with.

        Raises:
            JobNotFoundError: there is no such job.
            JournalError: the key is another one, or the database cannot be read.
        """
        job = self.submitted(name)
        sealer = Sealer.of(client, job.salt)
        sealed = {int(line): bytes(password) for line, password in self._rows(_GENERATED, job.id)}
        for row, result in self.joined(name):
            if row.person is not None and row.line in sealed and result.outcome in _CREATED:
                yield row.person, sealer.open(row.line, sealed[row.line])

    def _kept(self, job: SubmittedJob) -> Iterator[tuple[Row, int | None]]:
        after = 0
        while page := self._page(job, after):
            yield from page
            after = page[-1][0].line

    def _page(self, job: SubmittedJob, after: int) -> list[tuple[Row, int | None]]:
        found = self._rows(_ROWS, job.id, after, _PAGE)
        return [(row_of(line, data, merged_into=merged), shard) for line, data, merged, shard in found]

    def _status(self, job: SubmittedJob) -> JobStatus:
        shards = self._shards(job)
        planner = [holder for holder in (_holder(*row) for row in self._rows(_PLANNER, job.journal)) if holder]
        workers = [*planner, *(shard.worker for shard in shards if shard.worker is not None)]
        counts: dict[RowOutcome, int] = {RowOutcome(outcome): count for outcome, count in job.details.rejected.items()}
        for shard in shards:
            for outcome, count in shard.counts.items():
                counts[outcome] = counts.get(outcome, 0) + count
        return JobStatus(
            name=job.name,
            state=_phase(job, is_held=bool(workers)),
            roster=job.roster,
            scope=job.scope,
            rows=job.rows,
            counts=counts,
            shards=shards,
            workers=list({(worker.host, worker.pid): worker for worker in workers}.values()),
            submitted=job.submitted,
            begun=job.begun,
            finished=job.finished or job.cancelled,
            waiting=next((shard.waiting for shard in shards if shard.waiting is not None), None),
        )

    def _shards(self, job: SubmittedJob) -> list[ShardStatus]:
        found = self._rows(_SHARDS, job.id)
        # What a shard came to is kept at its end: only those in progress are counted.
        open_counts: dict[int, dict[RowOutcome, int]] = {}
        for journal, outcome, count in self._rows(_COUNTS, [row[-1] for row in found if row[3] is None]):
            open_counts.setdefault(journal, {})[RowOutcome(outcome)] = count
        return [_shard(row, open_counts.get(row[-1], {})) for row in found]

    def _rows(self, statement: LiteralString, *parameters: Any) -> list[Sequence[Any]]:
        with driver.described(self._url):
            return self._connection.execute(statement, parameters).fetchall()


def no_job(name: str, url: DatabaseUrl, known: Sequence[str]) -> JobNotFoundError:
    """Return the error for a job that there is none of.

    Args:
        name: as it was given.
        url: of the database.
        known: names of the jobs that there are.
    """
    shown = ", ".join(known[:_NAMED]) + (f" and {len(known) - _NAMED} more" if len(known) > _NAMED else "")
    return JobNotFoundError(f"There is no job {name!r} in {url}. {f'Jobs: {shown}.' if known else 'It has no jobs.'}")


def _shard(row: Sequence[Any], open_counts: Mapping[RowOutcome, int]) -> ShardStatus:
    number, rows, counts, finished, waiting, waiting_since, pid, host, since, is_held, _ = row
    kept = {} if counts is None else {RowOutcome(outcome): count for outcome, count in json.loads(counts).items()}
    return ShardStatus(
        number=number,
        rows=rows,
        counts=open_counts if finished is None else kept,
        finished=finished,
        worker=_holder(pid, host, since) if is_held else None,
        waiting=Waiting(since=waiting_since, reason=waiting) if is_held and waiting else None,
    )


def _holder(pid: int | None, host: str | None, since: float | None) -> Holder | None:
    return None if pid is None else Holder(pid=pid, host=host or "", since=since or 0.0)


def _phase(job: SubmittedJob, *, is_held: bool) -> JobPhase:
    if job.finished is not None:
        return JobPhase.FINISHED
    if job.cancelled is not None:
        return JobPhase.CANCELLED
    if is_held:
        return JobPhase.RUNNING
    return JobPhase.SUBMITTED if job.begun is None else JobPhase.STOPPED


def _unfinished(job: SubmittedJob, row: Row, *, is_begun: bool) -> RowResult:
    """Return the result of a row that has none: an intent is recorded before every request."""
    is_cancelled = job.cancelled is not None
    if is_begun:
        return row.result(RowOutcome.UNKNOWN, _UNKNOWN if is_cancelled else _IN_PROGRESS)
    reason = "the job was cancelled" if is_cancelled else "no worker has begun it"
    return row.result(RowOutcome.FAILED, f"not attempted: {reason}", not_attempted=True)
