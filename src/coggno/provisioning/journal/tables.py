"""Reading and writing the tables of a SQLite journal; each function takes a connection and does one thing."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from coggno._protocol.identity import login_key
from coggno.provisioning.journal.records import (
    Job,
    JobState,
    JournalScope,
    RecordedWrite,
    RowRecord,
    SavedGroup,
    SavedPlan,
    SavedUser,
    Write,
    WriteKind,
    WriteOutcome,
)
from coggno.provisioning.journal.schema import LEAVERS, LINE_BITS, transaction
from coggno.provisioning.outcomes import AS_WANTED, RowOutcome, RowResult

_RESULT: Final = "id, login, outcome, user_id, detail, is_inferred, is_not_attempted"
_DONE: Final = ", ".join(f"'{outcome.value}'" for outcome in sorted(AS_WANTED))
_OUTCOMES: Final = {outcome.value: outcome for outcome in RowOutcome}
_VARIABLES: Final = 500  # in one statement; older versions of SQLite allow 999


def scope_of(connection: sqlite3.Connection) -> JournalScope | None:
    """Return which company a journal belongs to; `None` before its first job."""
    row = connection.execute("SELECT address, company, account FROM scope").fetchone()
    return None if row is None else JournalScope(address=row[0], company=row[1], account=row[2])


def read_jobs(connection: sqlite3.Connection) -> Iterator[tuple[Job, JobState, float | None]]:
    """Yield the jobs, what is known of each, and when it was finished; the last one at the end."""
    scope = scope_of(connection)
    statement = "SELECT number, roster, digest, row_count, settings, begun, finished, is_planned FROM jobs"
    for row in connection.execute(f"{statement} ORDER BY number"):
        if scope is not None:
            yield _job(row, scope)


def last_job(connection: sqlite3.Connection) -> tuple[Job, JobState, float | None] | None:
    """Return the job of the last run, what is known of it, and when it was finished."""
    jobs = deque(read_jobs(connection), maxlen=1)
    return jobs[0] if jobs else None


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
            (number, job.roster, job.digest, job.rows, json.dumps(dict(job.settings)), now),
        )
    return JobState(number=number, begun=now)


def finish_job(connection: sqlite3.Connection, number: int, now: float) -> None:
    """Note when a job came to its end."""
    # Who is to be removed is always read anew, so nothing of a removal has to be remembered.
    connection.execute("DELETE FROM writes WHERE kind IN ('remove_member', 'delete_user')")
    connection.execute("UPDATE jobs SET finished = ? WHERE number = ?", (now, number))


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


def last_intent(connection: sqlite3.Connection) -> int:
    """Return the highest number of a write; 0 if there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM writes").fetchone()[0])


def leavers(connection: sqlite3.Connection, number: int) -> int:
    """Return how many results of a job belong to no row."""
    first, end = row_id(number, LEAVERS), row_id(number + 1, 0)
    return int(connection.execute("SELECT count(*) FROM rows WHERE id >= ? AND id < ?", (first, end)).fetchone()[0])


def read_writes(connection: sqlite3.Connection) -> list[RecordedWrite]:
    """Return the writes of rows and groups that are not finished."""
    statement = (
        "SELECT id, kind, key, company, group_id, name, line, before, attempt, sent_at, outcome, result_id "
        "FROM writes ORDER BY id"
    )
    return [_recorded_write(row) for row in connection.execute(statement)]


def read_results(connection: sqlite3.Connection, number: int, after: int, limit: int) -> list[tuple[int, RowResult]]:
    """Return some results of a job, each with its id.

    Args:
        connection: to the journal.
        number: of the job.
        after: the id after which to begin; 0 for the first.
        limit: how many at most.
    """
    statement = f"SELECT {_RESULT} FROM rows WHERE id > ? AND id < ? ORDER BY id LIMIT ?"  # noqa: S608 - names of columns
    begin = max(after, row_id(number, 0) - 1)
    return [(row[0], _result(row)) for row in connection.execute(statement, (begin, row_id(number + 1, 0), limit))]


def count_outcomes(connection: sqlite3.Connection, number: int) -> dict[RowOutcome, int]:
    """Return how many rows of a job have each outcome."""
    statement = "SELECT outcome, count(*) FROM rows WHERE id >= ? AND id < ? GROUP BY outcome"
    counts = connection.execute(statement, (row_id(number, 0), row_id(number + 1, 0)))
    return {RowOutcome(outcome): count for outcome, count in counts}


def read_outcomes(connection: sqlite3.Connection, number: int, after: int, limit: int) -> list[tuple[int, RowOutcome]]:
    """Return line and outcome of some rows of a job.

    Args:
        connection: to the journal.
        number: of the job.
        after: the line after which to begin; -1 for the first.
        limit: how many at most.
    """
    first = row_id(number, 0)
    statement = "SELECT id - ?, outcome FROM rows WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
    found = connection.execute(statement, (first, first + after, row_id(number, LEAVERS), limit))
    return [(line, _OUTCOMES[outcome]) for line, outcome in found]


def last_leaving(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the key of every login that has left or was deleted, with the last job in which that happened."""
    # The number is part of the text: the index of these few rows is used only when it is the same there.
    statement = f"SELECT login, id >> {LINE_BITS} FROM rows WHERE id & {LEAVERS} ORDER BY id"  # noqa: S608 - numbers
    found = connection.execute(statement)
    return {login_key(login): number for login, number in found}


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


def intent_values(intent: int, write: Write, now: float) -> tuple[Any, ...]:
    """Return the values of a new write."""
    before = None if write.before is None else json.dumps(list(write.before))
    return (
        intent, write.kind.value, write.key, write.company, write.group_id, write.name, write.line, before,
        write.attempt, now,
    )  # fmt: skip


def row_values(number: int, record: RowRecord) -> tuple[Any, ...]:
    """Return the values of a result."""
    result = record.result
    return (
        number, record.digest, result.login, result.outcome.value, result.user_id, result.detail, result.inferred,
        result.not_attempted,
    )  # fmt: skip


def row_id(number: int, line: int) -> int:
    """Return the id of a row: job and line in one number."""
    return number << LINE_BITS | line


def _job(row: Sequence[Any], scope: JournalScope) -> tuple[Job, JobState, float | None]:
    number, roster, digest, rows, settings, begun, finished, is_planned = row
    job = Job(scope=scope, roster=roster, digest=digest, rows=rows, settings=json.loads(settings))
    is_finished = finished is not None
    state = JobState(number=number, is_resumed=True, is_planned=bool(is_planned), is_finished=is_finished, begun=begun)
    return job, state, finished


def _done_earlier(
    connection: sqlite3.Connection, number: int, digests: Sequence[bytes]
) -> Iterator[tuple[bytes, int, RowResult]]:
    """Yield digest, job and result of rows that ended as wanted before a job."""
    for begin in range(0, len(digests), _VARIABLES):
        part = digests[begin : begin + _VARIABLES]
        statement = (
            f"SELECT digest, {_RESULT} FROM rows WHERE digest IN ({','.join('?' * len(part))}) AND id < ? "  # noqa: S608 - names
            f"AND outcome IN ({_DONE}) ORDER BY id"
        )
        for digest, *row in connection.execute(statement, (*part, row_id(number, 0))):
            yield digest, row[0] >> LINE_BITS, _result(row)


def _result(row: Sequence[Any]) -> RowResult:
    number, login, outcome, user_id, detail, is_inferred, is_not_attempted = row
    line = number & ((1 << LINE_BITS) - 1)
    return RowResult(
        line=line if line < LEAVERS else 0,
        login=login,
        outcome=RowOutcome(outcome),
        user_id=user_id,
        detail=detail,
        inferred=bool(is_inferred),
        not_attempted=bool(is_not_attempted),
    )


def _recorded_write(row: Sequence[Any]) -> RecordedWrite:
    intent, kind, key, company, group_id, name, line, before, attempt, sent_at, outcome, result_id = row
    write = Write(
        kind=WriteKind(kind),
        key=key,
        company=company,
        group_id=group_id,
        name=name,
        line=line,
        before=None if before is None else json.loads(before),
        attempt=attempt,
    )
    known = None if outcome is None else WriteOutcome(outcome)
    return RecordedWrite(intent=intent, write=write, sent_at=sent_at, outcome=known, result_id=result_id)
