"""Records as values in the columns of a database, the same for every kind of database. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from coggno.provisioning.journal.records import (
    Job,
    JobState,
    JournalScope,
    RecordedWrite,
    RowRecord,
    Write,
    WriteKind,
    WriteOutcome,
)
from coggno.provisioning.outcomes import AS_WANTED, RowOutcome, RowResult

LINE_BITS: Final = 40
LEAVERS: Final = 1 << (LINE_BITS - 1)
"""From here on the "lines" of users who are in no row. An index has the number, which SQLite compares as text."""
PAST: Final = LEAVERS >> 1
"""The bit of such a "line" that a run has reported which came to its end: limits of the next run do not count it."""
REMOVED: Final = (RowOutcome.LEFT, RowOutcome.DELETED)

JOB: Final = "number, roster, digest, row_count, settings, begun, finished, is_planned"
RESULT: Final = "id, login, outcome, user_id, detail, is_inferred, is_not_attempted"
WRITE: Final = "id, kind, key, company, group_id, name, line, before, attempt, sent_at, outcome, result_id"
DONE: Final = ", ".join(f"'{outcome.value}'" for outcome in sorted(AS_WANTED))
_PLAN: Final = "saved plan"  # among the settings, none of which has a space in its name
OUTCOMES: Final = {outcome.value: outcome for outcome in RowOutcome}
"""Faster than calling `RowOutcome`, for a million rows."""


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


def settings_of(job: Job) -> str:
    """Return the column `settings` of a job."""
    return json.dumps({**job.settings, _PLAN: job.plan} if job.plan else dict(job.settings))


def job_of(row: Sequence[Any], scope: JournalScope) -> tuple[Job, JobState, float | None]:
    """Return a job, what is known of it, and when it was finished.

    Args:
        row: the columns `JOB`.
        scope: of the journal.
    """
    number, roster, digest, rows, settings, begun, finished, is_planned = row
    kept = json.loads(settings)
    plan = kept.pop(_PLAN, "")
    job = Job(scope=scope, roster=roster, digest=digest, rows=rows, settings=kept, plan=plan)
    is_finished = finished is not None
    state = JobState(number=number, is_resumed=True, is_planned=bool(is_planned), is_finished=is_finished, begun=begun)
    return job, state, finished


def result_of(row: Sequence[Any]) -> RowResult:
    """Return a result from the columns `RESULT`."""
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


def write_of(row: Sequence[Any]) -> RecordedWrite:
    """Return a write from the columns `WRITE`."""
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
