"""Reading and writing the tables of a SQLite journal; each function takes a connection and does one thing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve

from coggno._protocol.identity import login_key
from coggno.provisioning.journal import values
from coggno.provisioning.journal.batch import Batch
from coggno.provisioning.journal.records import (
    Job,
    JobState,
    JournalScope,
    RecordedWrite,
    SavedGroup,
    SavedPlan,
    SavedUser,
)
from coggno.provisioning.journal.schema import transaction
from coggno.provisioning.outcomes import RowOutcome, RowResult

_INTEND: Final = "INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"
_SETTLE: Final = "UPDATE writes SET outcome = ?, result_id = ? WHERE id = ?"
_DROP: Final = "DELETE FROM writes WHERE id = ?"
# A later result of the same row may not know the digest any more.
_RECORD: Final = (
    "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
    "digest = coalesce(excluded.digest, digest), login = excluded.login, outcome = excluded.outcome, "
    "user_id = excluded.user_id, detail = excluded.detail, is_inferred = excluded.is_inferred, "
    "is_not_attempted = excluded.is_not_attempted"
)
# A group may be called like somebody's login. Intents that are newer than the result may be in the same batch.
_FORGET: Final = "DELETE FROM writes WHERE key = ? AND company IS ? AND id <= ? AND kind <> 'create_group'"
_FORGET_REMOVAL: Final = f"{_FORGET} AND kind IN ('remove_member', 'delete_user') AND group_id IS ?"
_NOTES: Final = (_INTEND, _SETTLE, _DROP, _RECORD, _FORGET, _FORGET_REMOVAL)
_AFTER_ALL: Final = 1 << 62  # greater than the number of any job
_VARIABLES: Final = 500  # in one statement; older versions of SQLite allow 999


def scope_of(connection: sqlite3.Connection) -> JournalScope | None:
    """Return which company a journal belongs to; `None` before its first job."""
    row = connection.execute("SELECT address, company, account FROM scope").fetchone()
    return None if row is None else JournalScope(address=row[0], company=row[1], account=row[2])


def read_jobs(connection: sqlite3.Connection) -> Iterator[tuple[Job, JobState, float | None]]:
    """Yield the jobs, what is known of each, and when it was finished; the last one at the end."""
    scope = scope_of(connection)
    statement = f"SELECT {values.JOB} FROM jobs"  # noqa: S608 - names of columns
    for row in connection.execute(f"{statement} ORDER BY number"):
        if scope is not None:
            yield values.job_of(row, scope)


def last_job(connection: sqlite3.Connection) -> tuple[Job, JobState, float | None] | None:
    """Return the job of the last run, what is known of it, and when it was finished."""
    scope = scope_of(connection)
    # Not by way of all jobs: a source that never ends has one for every window of rows.
    row = connection.execute(f"SELECT {values.JOB} FROM jobs ORDER BY number DESC LIMIT 1").fetchone()  # noqa: S608 - names of columns
    return None if scope is None or row is None else values.job_of(row, scope)


def begin_job(connection: sqlite3.Connection, job: Job, now: float) -> JobState:
    """Return the last job if it is the same, or else begin a new one."""
    last = last_job(connection)
    connection.execute("UPDATE scope SET account = ?", (job.scope.account,))
    if last is not None and last[0].digest == job.digest:
        # What a plan has found is as old as the run; after the end of one, the rows that are left get a new plan.
        connection.execute(
            "UPDATE jobs SET is_planned = is_planned AND finished IS NULL, finished = NULL WHERE number = ?",
            (last[1].number,),
        )
        if job.plan:
            statement = "UPDATE jobs SET settings = ? WHERE number = ?"
            connection.execute(statement, (values.settings_of(job), last[1].number))
        _forget_failed_removals(connection, last[1].number)
        if last[1].is_finished:
            _put_removals_behind(connection, last[1].number)
        return evolve(last[1], is_planned=last[1].is_planned and not last[1].is_finished)
    with transaction(connection):
        if last is None:
            scope = job.scope
            connection.execute("INSERT INTO scope VALUES (?, ?, ?)", (scope.address, scope.company, scope.account))
        else:
            # Rows of earlier jobs are found by what they ask for; one job alone is found by line.
            connection.execute("CREATE INDEX IF NOT EXISTS rows_by_digest ON rows (digest) WHERE digest IS NOT NULL")
            # The plan of another roster is of no use, and neither are its groups: the new plan lists them.
            connection.execute("DELETE FROM plan_groups")
            connection.execute("DELETE FROM plan_users")
            connection.execute("DELETE FROM writes WHERE kind = 'create_group' AND outcome = 'done'")
        number = 1 if last is None else last[1].number + 1
        connection.execute(
            "INSERT INTO jobs (number, roster, digest, row_count, settings, begun) VALUES (?, ?, ?, ?, ?, ?)",
            (number, job.roster, job.digest, job.rows, values.settings_of(job), now),
        )
    return JobState(number=number, begun=now)


def finish_job(connection: sqlite3.Connection, number: int, now: float) -> None:
    """Note when a job came to its end."""
    connection.execute("UPDATE jobs SET finished = ? WHERE number = ?", (now, number))


def write_batch(connection: sqlite3.Connection, batch: Batch) -> None:
    """Write all notes of a batch in one transaction.

    Raises:
        sqlite3.Error: they cannot be written; none of them is.
    """
    with transaction(connection):
        for statement, notes in zip(_NOTES, batch.notes(), strict=True):
            if notes:
                connection.executemany(statement, notes)


def save_plan(connection: sqlite3.Connection, number: int, plan: SavedPlan) -> None:
    """Replace the plan of a job."""
    with transaction(connection):
        connection.execute("DELETE FROM plan_groups")
        connection.execute("DELETE FROM plan_users")
        groups = ((group.company, group.name, group.id) for group in plan.groups)
        connection.executemany("INSERT INTO plan_groups VALUES (?, ?, ?)", groups)
        users = ((user.line, user.user_id, json.dumps(list(user.missing))) for user in plan.users)
        connection.executemany("INSERT INTO plan_users VALUES (?, ?, ?)", users)
        connection.execute("UPDATE jobs SET is_planned = 1 WHERE number = ?", (number,))


def read_plan(connection: sqlite3.Connection) -> SavedPlan:
    """Return the plan of the last job."""
    groups = connection.execute("SELECT company, name, id FROM plan_groups")
    users = connection.execute("SELECT line, user_id, missing FROM plan_users")
    return SavedPlan(
        groups=[SavedGroup(company=company, name=name, id=group_id) for company, name, group_id in groups],
        users=[SavedUser(line=line, user_id=user_id, missing=json.loads(names)) for line, user_id, names in users],
    )


def _forget_failed_removals(connection: sqlite3.Connection, number: int) -> None:
    # Who is to be removed is found anew by each run; somebody who stays now would be reported as failed for ever.
    bounds = (values.row_id(number, values.LEAVERS), values.row_id(number + 1, 0))
    statement = f"DELETE FROM rows WHERE id >= ? AND id < ? AND outcome NOT IN ({values.DONE})"  # noqa: S608 - names
    connection.execute(statement, bounds)


def _put_removals_behind(connection: sqlite3.Connection, number: int) -> None:
    first = values.row_id(number, values.LEAVERS)
    statement = "UPDATE rows SET id = id + ? WHERE id >= ? AND id < ?"
    connection.execute(statement, (values.PAST, first, first + values.PAST))


def last_intent(connection: sqlite3.Connection) -> int:
    """Return the highest number of a write; 0 if there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM writes").fetchone()[0])


def last_leaver(connection: sqlite3.Connection, number: int) -> int:
    """Return the number of the last result of a job that belongs to no row; 0 if there is none."""
    first, end = values.row_id(number, values.LEAVERS), values.row_id(number + 1, 0)
    statement = "SELECT max(id & ?) FROM rows WHERE id >= ? AND id < ?"
    (last,) = connection.execute(statement, (values.PAST - 1, first, end)).fetchone()
    return int(last or 0)


def count_left(connection: sqlite3.Connection, number: int) -> int:
    """Return how many users who are in no row of a job were removed since it came to its end last."""
    first = values.row_id(number, values.LEAVERS)
    counts = _count_between(connection, first, first + values.PAST)
    return sum(counts.get(outcome, 0) for outcome in values.REMOVED)


def read_writes(connection: sqlite3.Connection) -> list[RecordedWrite]:
    """Return the writes of rows and groups that are not finished."""
    statement = f"SELECT {values.WRITE} FROM writes ORDER BY id"  # noqa: S608 - names of columns
    return [values.write_of(row) for row in connection.execute(statement)]


def read_results(connection: sqlite3.Connection, number: int, after: int, limit: int) -> list[tuple[int, RowResult]]:
    """Return some results of a job, each with its id.

    Args:
        connection: to the journal.
        number: of the job.
        after: the id after which to begin; 0 for the first.
        limit: how many at most.
    """
    statement = f"SELECT {values.RESULT} FROM rows WHERE id > ? AND id < ? ORDER BY id LIMIT ?"  # noqa: S608 - names of columns
    begin = max(after, values.row_id(number, 0) - 1)
    found = connection.execute(statement, (begin, values.row_id(number + 1, 0), limit))
    return [(row[0], values.result_of(row)) for row in found]


def count_outcomes(connection: sqlite3.Connection, number: int) -> dict[RowOutcome, int]:
    """Return how many rows of a job have each outcome."""
    return _count_between(connection, values.row_id(number, 0), values.row_id(number, values.LEAVERS))


def count_removed(connection: sqlite3.Connection, number: int) -> dict[RowOutcome, int]:
    """Return how many users who are in no row of a job have each outcome."""
    return _count_between(connection, values.row_id(number, values.LEAVERS), values.row_id(number + 1, 0))


def _count_between(connection: sqlite3.Connection, first: int, end: int) -> dict[RowOutcome, int]:
    statement = "SELECT outcome, count(*) FROM rows WHERE id >= ? AND id < ? GROUP BY outcome"
    return {RowOutcome(outcome): count for outcome, count in connection.execute(statement, (first, end))}


def read_outcomes(connection: sqlite3.Connection, number: int, after: int, limit: int) -> list[tuple[int, RowOutcome]]:
    """Return line and outcome of some rows of a job.

    Args:
        connection: to the journal.
        number: of the job.
        after: the line after which to begin; -1 for the first.
        limit: how many at most.
    """
    first = values.row_id(number, 0)
    statement = "SELECT id - ?, outcome FROM rows WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
    found = connection.execute(statement, (first, first + after, values.row_id(number, values.LEAVERS), limit))
    return [(line, values.OUTCOMES[outcome]) for line, outcome in found]


def last_leaving(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the key of every login that has left or was deleted, or may have been, with the last job of that."""
    # The number is part of the text: the index of these few rows is used only when it is the same there.
    statement = f"SELECT login, id >> {values.LINE_BITS} FROM rows WHERE id & {values.LEAVERS} ORDER BY id"  # noqa: S608 - numbers
    left = {login_key(login): number for login, number in connection.execute(statement)}
    # A removal without a result may have been carried out. It is newer than any result of a row for that login, which
    # would have made the journal forget it.
    doubtful = connection.execute("SELECT key FROM writes WHERE kind IN ('remove_member', 'delete_user')")
    return left | {key: _AFTER_ALL for (key,) in doubtful}


def find_earlier(
    connection: sqlite3.Connection, number: int, rows: Sequence[tuple[int, bytes]], left: Mapping[str, int]
) -> dict[int, RowResult]:
    """Return, by line, what became of rows in earlier jobs, where they ended as wanted.

    Args:
        connection: to the journal.
        number: of the job that begins.
        rows: line and digest of each.
        left: as `last_leaving` returns it: who has left since is not as wanted any more.
    """
    lines = {digest: line for line, digest in rows}
    found: dict[int, RowResult] = {}
    # In the order of the jobs: what the last one knows replaces what earlier ones knew.
    for digest, done, result in _done_earlier(connection, number, list(lines)):
        if left.get(login_key(result.login), 0) < done:
            line = lines[digest]
            found[line] = evolve(result, line=line)
    return found


def _done_earlier(
    connection: sqlite3.Connection, number: int, digests: Sequence[bytes]
) -> Iterator[tuple[bytes, int, RowResult]]:
    """Yield digest, job and result of rows that ended as wanted before a job."""
    for begin in range(0, len(digests), _VARIABLES):
        part = digests[begin : begin + _VARIABLES]
        statement = (
            f"SELECT digest, {values.RESULT} FROM rows WHERE digest IN ({','.join('?' * len(part))}) AND id < ? "  # noqa: S608 - names
            f"AND outcome IN ({values.DONE}) ORDER BY id"
        )
        for digest, *row in connection.execute(statement, (*part, values.row_id(number, 0))):
            yield digest, row[0] >> values.LINE_BITS, values.result_of(row)
