"""Reading and writing the tables of submitted jobs; each function does one thing with a connection."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString

from attrs import asdict, fields, frozen

from coggno.provisioning.jobs.records import JobDetails, SubmittedJob
from coggno.provisioning.journal import DatabaseUrl, JournalScope
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.journal.postgres.lease import Lease
from coggno.provisioning.outcomes import Waiting

JOBS: Final = (
    "SELECT job.id, journal.name, job.journal, job.format, job.address, job.company, job.account, job.roster, "
    "job.digest, job.details, job.row_count, job.salt, job.submitted, job.begun, job.planned, job.cancelled, "
    "job.finished, (SELECT count(*) FROM coggno.shards AS part WHERE part.job = job.id) "
    "FROM coggno.submissions AS job JOIN coggno.journals AS journal ON journal.id = job.journal"
)
JOB: Final = f"{JOBS} WHERE journal.name = %s"
JOB_NAMES: Final = (
    "SELECT journal.name FROM coggno.submissions AS job JOIN coggno.journals AS journal ON journal.id = job.journal "
    "ORDER BY job.id DESC"
)
JOBS_IN_ORDER: Final = f"{JOBS} ORDER BY job.id"
_UNFINISHED: Final = (
    f"{JOBS} WHERE job.finished IS NULL AND job.cancelled IS NULL AND job.address = %s "
    "AND job.company IS NOT DISTINCT FROM %s ORDER BY job.id"
)

# Both rows are locked, so that both are read as they are after a worker has ended that held them until now.
_CLAIM_SHARD: Final = """
WITH free AS MATERIALIZED (
  SELECT shard.job, shard.number, journal.id FROM coggno.shards AS shard
  JOIN coggno.submissions AS job ON job.id = shard.job
  JOIN coggno.journals AS journal ON journal.id = shard.journal
  WHERE shard.job = ANY(%(jobs)s) AND (%(number)s::bigint IS NULL OR shard.number = %(number)s)
    AND shard.finished IS NULL AND job.planned IS NOT NULL AND job.cancelled IS NULL
    AND (journal.expires IS NULL OR journal.expires < clock_timestamp()) AND journal.id <> ALL(%(but)s)
  ORDER BY shard.job, shard.number LIMIT 1 FOR UPDATE OF shard, journal SKIP LOCKED
)
UPDATE coggno.journals AS held SET token = token + 1, pid = %(pid)s, host = %(host)s, since = %(since)s,
  expires = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM free WHERE held.id = free.id RETURNING free.job, free.number, held.id, held.token, held.name
"""
_CLAIM_JOB: Final = """
WITH free AS MATERIALIZED (
  SELECT job.id AS job, journal.id FROM coggno.submissions AS job
  JOIN coggno.journals AS journal ON journal.id = job.journal
  WHERE job.id = ANY(%(jobs)s) AND job.planned IS NULL AND job.cancelled IS NULL
    AND (journal.expires IS NULL OR journal.expires < clock_timestamp()) AND journal.id <> ALL(%(but)s)
  ORDER BY job.id LIMIT 1 FOR UPDATE OF job, journal SKIP LOCKED
)
UPDATE coggno.journals AS held SET token = token + 1, pid = %(pid)s, host = %(host)s, since = %(since)s,
  expires = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM free WHERE held.id = free.id RETURNING free.job, 0, held.id, held.token, held.name
"""
OPENING = 10.0
"""Seconds that a worker has to open the journal of what it has taken, if its lease is shorter than that."""
_BEGIN: Final = "UPDATE coggno.submissions SET begun = coalesce(begun, %s) WHERE id = %s"
_PLANNED: Final = "UPDATE coggno.submissions SET planned = %s WHERE id = %s"
_SHARD_ROWS: Final = (
    "SELECT line, data, merged_into, password, is_generated FROM coggno.submitted_rows "
    "WHERE job = %s AND shard = %s ORDER BY line"
)
_SHARD_LINES: Final = "SELECT number, first_line, journal FROM coggno.shards WHERE job = %s ORDER BY number"
_SEAL: Final = "UPDATE coggno.submitted_rows SET password = %s, is_generated = true WHERE job = %s AND line = %s"
_ERASE: Final = (
    "UPDATE coggno.submitted_rows SET password = NULL WHERE job = %s AND line = ANY(%s) AND NOT is_generated"
)
_ERASE_SHARD: Final = (
    "UPDATE coggno.submitted_rows SET password = NULL "
    "WHERE job = %s AND shard = %s AND password IS NOT NULL AND NOT is_generated"
)
ERASE_JOB: Final = (
    "UPDATE coggno.submitted_rows SET password = NULL WHERE job = %s AND password IS NOT NULL AND NOT is_generated"
)
_COUNTS: Final = (
    "UPDATE coggno.shards AS shard SET finished = %(now)s, waiting = NULL, waiting_since = NULL, counts = ("
    "SELECT json_object_agg(outcome, number)::text FROM ("
    "SELECT outcome, count(*) AS number FROM coggno.rows AS known WHERE known.journal = shard.journal GROUP BY outcome"
    ") AS counted) WHERE job = %(job)s AND number = %(number)s"
)
# A statement of its own, after the row of the job was locked: the last two shards may end at the same moment.
_LOCK_JOB: Final = "SELECT 1 FROM coggno.submissions WHERE id = %s FOR UPDATE"
_FINISH_JOB: Final = (
    "UPDATE coggno.submissions SET finished = %(now)s WHERE id = %(job)s AND finished IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM coggno.shards WHERE job = %(job)s AND finished IS NULL)"
)
_WAIT: Final = "UPDATE coggno.shards SET waiting = %s, waiting_since = %s WHERE job = %s AND number = %s"
_IS_CANCELLED: Final = "SELECT cancelled IS NOT NULL FROM coggno.submissions WHERE id = %s"
_IS_FINISHED: Final = "SELECT finished IS NOT NULL FROM coggno.shards WHERE job = %s AND number = %s"


@frozen
class Claim:
    """A part of a job that this worker holds by a lease.

    Attributes:
        job: the job.
        number: of the shard; 0 for the planning of the job.
        lease: of the journal.
    """

    job: SubmittedJob
    number: int
    lease: Lease


@frozen
class KeptRow:
    """A row of a shard as it is kept.

    Attributes:
        line: of the row.
        data: the text of the row.
        merged_into: the line of the row that it was merged into, if it was.
        password: sealed; `None` where there is none.
        is_generated: whether the password was generated.
    """

    line: int
    data: str
    merged_into: int | None
    password: bytes | None
    is_generated: bool


async def unfinished_jobs(connection: Database, scope: JournalScope) -> list[SubmittedJob]:
    """Return the jobs of an address and company that are not done, in the order of their submission."""
    found = await (await connection.execute(_UNFINISHED, (scope.address, scope.company))).fetchall()
    return [job_of(row) for row in found]


async def find_job(connection: Database, name: str) -> SubmittedJob | None:
    """Return the job of that name, if there is one."""
    found = await (await connection.execute(JOB, (name,))).fetchone()
    return None if found is None else job_of(found)


async def job_names(connection: Database) -> list[str]:
    """Return the names of all jobs, the last one first."""
    return [name for (name,) in await (await connection.execute(JOB_NAMES)).fetchall()]


async def ping(connection: Database) -> bool:
    """Return `True` if the database responds."""
    await connection.execute("SELECT 1")
    return True


async def claim_shard(
    connection: Database,
    url: DatabaseUrl,
    jobs: Sequence[SubmittedJob],
    *,
    number: int | None,
    seconds: float,
    now: float,
    but: Sequence[int] = (),
) -> Claim | None:
    """Take the first shard that is not done and that no worker holds, if there is one.

    Args:
        connection: to the database.
        url: of any journal in it.
        jobs: that may be carried out.
        number: of the shard; `None` for any.
        seconds: how long a lease lasts.
        now: seconds since the epoch.
        but: numbers of journals that are not to be taken.
    """
    parameters = {"number": number, "but": list(but)}
    return await _claim(connection, _CLAIM_SHARD, url, jobs, parameters, seconds=seconds, now=now)


async def claim_job(
    connection: Database,
    url: DatabaseUrl,
    jobs: Sequence[SubmittedJob],
    *,
    seconds: float,
    now: float,
    but: Sequence[int] = (),
) -> Claim | None:
    """Take the planning of the first job that is not planned, and that no worker plans, if there is one."""
    return await _claim(connection, _CLAIM_JOB, url, jobs, {"but": list(but)}, seconds=seconds, now=now)


async def _claim(
    connection: Database,
    statement: LiteralString,
    url: DatabaseUrl,
    jobs: Sequence[SubmittedJob],
    parameters: Mapping[str, Any],
    *,
    seconds: float,
    now: float,
) -> Claim | None:
    by_id = {job.id: job for job in jobs}
    # Until the journal is open, nothing renews the lease: on a busy machine, workers would take it from each other.
    longer = max(seconds, OPENING)
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now, "seconds": longer}
    found = await (await connection.execute(statement, {"jobs": list(by_id), **holder, **parameters})).fetchone()
    if found is None:
        return None
    job, number, journal, token, name = found
    await connection.execute(_BEGIN, (now, job))
    return Claim(by_id[job], number, Lease(url.of_journal(name), journal=journal, token=token, seconds=seconds))


async def shard_rows(connection: Database, job: int, number: int) -> list[KeptRow]:
    """Return the rows of a shard, those that were merged into one of them included."""
    return [KeptRow(*row) for row in await (await connection.execute(_SHARD_ROWS, (job, number))).fetchall()]


async def shard_lines(connection: Database, job: int) -> list[tuple[int, int, int]]:
    """Return number, first line and journal of every shard."""
    found = await (await connection.execute(_SHARD_LINES, (job,))).fetchall()
    return [(number, line, journal) for number, line, journal in found]


async def seal(connection: Database, job: int, passwords: Iterable[tuple[int, bytes]]) -> None:
    """Keep generated passwords, by line."""
    async with connection.cursor() as cursor:
        await cursor.executemany(_SEAL, [(sealed, job, line) for line, sealed in passwords])


async def erase(connection: Database, job: int, lines: Sequence[int]) -> None:
    """Erase the passwords of rows that have ended; those that were generated are kept for their file."""
    await connection.execute(_ERASE, (job, list(lines)))


async def mark_planned(connection: Database, job: int, now: float) -> None:
    """Note that the plan of a job is saved."""
    await connection.execute(_PLANNED, (now, job))


async def finish_shard(connection: Database, job: int, number: int, now: float) -> None:
    """Note that all rows of a shard have ended, and that the job is finished if it was the last one."""
    await connection.execute(_ERASE_SHARD, (job, number))
    await connection.execute(_COUNTS, {"job": job, "number": number, "now": now})
    await connection.execute(_LOCK_JOB, (job,))
    await connection.execute(_FINISH_JOB, {"job": job, "now": now})


async def note_waiting(connection: Database, job: int, number: int, waiting: Waiting | None) -> None:
    """Keep what a shard waits for, for those who ask how far the job is."""
    values = (None, None) if waiting is None else (waiting.reason, waiting.since)
    await connection.execute(_WAIT, (*values, job, number))


async def is_cancelled(connection: Database, job: int) -> bool:
    """Return whether a job was cancelled."""
    return await _is(connection, _IS_CANCELLED, job)


async def is_finished(connection: Database, job: int, number: int) -> bool:
    """Return whether all rows of a shard have ended."""
    return await _is(connection, _IS_FINISHED, job, number)


async def _is(connection: Database, statement: LiteralString, *parameters: Any) -> bool:
    found = await (await connection.execute(statement, parameters)).fetchone()
    return found is not None and bool(found[0])


def job_of(row: Sequence[Any]) -> SubmittedJob:
    """Return a job from `JOBS`."""
    number, name, journal, version, address, company, account, roster, digest, details, rows, salt, *times = row
    submitted, begun, planned, cancelled, finished, shards = times
    return SubmittedJob(
        id=number,
        name=name,
        journal=journal,
        format=version,
        scope=JournalScope(address=address, company=company, account=account),
        roster=roster,
        digest=bytes(digest),
        details=_details(json.loads(details)),
        rows=rows,
        shards=shards,
        salt=bytes(salt),
        submitted=submitted,
        begun=begun,
        planned=planned,
        cancelled=cancelled,
        finished=finished,
    )


def _details(data: Mapping[str, Any]) -> JobDetails:
    # A job of a later version may have others, and is shown all the same.
    known = {each.name for each in fields(JobDetails)}
    values: dict[str, Any] = {name: value for name, value in data.items() if name in known}
    return JobDetails(**values)


def details_text(details: JobDetails) -> str:
    """Return the details of a job as they are kept."""
    return json.dumps(asdict(details))
