"""Reading and writing the tables of a journal in PostgreSQL; each function takes a connection and does one thing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString

from attrs import evolve, frozen

from coggno._protocol.identity import login_key
from coggno.provisioning.journal import values
from coggno.provisioning.journal.batch import Batch
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.journal.postgres.notes import write_notes
from coggno.provisioning.journal.records import (
    Job,
    JobState,
    JournalScope,
    RecordedWrite,
    SavedGroup,
    SavedPlan,
    SavedUser,
    check_scope,
)
from coggno.provisioning.outcomes import AS_WANTED, RowOutcome, RowResult

SCOPE: Final = "SELECT address, company, account FROM coggno.journals WHERE id = %s"
JOBS: Final = f"SELECT {values.JOB} FROM coggno.jobs WHERE journal = %s ORDER BY number"  # noqa: S608 - names of columns
WRITES: Final = f"SELECT {values.WRITE} FROM coggno.writes WHERE journal = %s ORDER BY id"  # noqa: S608
RESULTS: Final = (
    f"SELECT {values.RESULT} FROM coggno.rows WHERE journal = %s AND id > %s AND id < %s ORDER BY id LIMIT %s"  # noqa: S608
)
COUNTS: Final = "SELECT outcome, count(*) FROM coggno.rows WHERE journal = %s AND id >= %s AND id < %s GROUP BY outcome"
_OUTCOMES: Final = (
    "SELECT id - %s, outcome FROM coggno.rows WHERE journal = %s AND id > %s AND id < %s ORDER BY id LIMIT %s"
)
_LAST_LEAVER: Final = "SELECT max(id & %s) FROM coggno.rows WHERE journal = %s AND id >= %s AND id < %s"
_LAST_LEAVING: Final = (
    # `values.LINE_BITS` and `LEAVERS`; the number is part of the text, or the index of these few rows is not used.
    "SELECT login, id >> 40 FROM coggno.rows WHERE journal = %s AND id & 549755813888 <> 0 ORDER BY id"
)
_REMOVALS: Final = "SELECT key FROM coggno.writes WHERE journal = %s AND kind IN ('remove_member', 'delete_user')"
_AFTER_ALL: Final = 1 << 62  # greater than the number of any job
_EARLIER: Final = (
    f"SELECT digest, {values.RESULT} FROM coggno.rows "  # noqa: S608 - names of columns
    "WHERE journal = %s AND digest = ANY(%s) AND id < %s AND outcome = ANY(%s) ORDER BY id"
)
_BEGIN: Final = (
    "INSERT INTO coggno.jobs (journal, number, roster, digest, row_count, settings, begun) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)

_DONE: Final = [outcome.value for outcome in AS_WANTED]


@frozen
class JournalTables:
    """The tables of one journal.

    Attributes:
        journal: its number in the database.
    """

    journal: int

    async def write(self, connection: Database, batch: Batch) -> None:
        """Write all notes of a batch."""
        await write_notes(connection, self.journal, batch)

    async def check_scope(self, connection: Database, job: Job, journal: str) -> None:
        """Check that a job is for the company of this journal.

        Raises:
            JournalError: it is for another one.
        """
        check_scope(scope_of(await self._rows(connection, SCOPE, self.journal)), job, journal)

    async def begin_job(self, connection: Database, job: Job, now: float) -> JobState:
        """Return the last job if it is the same, or else begin a new one."""
        jobs = await self._rows(connection, JOBS, self.journal)
        scope = job.scope
        await connection.execute(
            "UPDATE coggno.journals SET address = %s, company = %s, account = %s WHERE id = %s",
            (scope.address, scope.company, scope.account, self.journal),
        )
        if not jobs:
            return await self._add_job(connection, 1, job, now)
        last, state, finished = values.job_of(jobs[-1], scope)
        if last.digest != job.digest:
            await self._forget_plan(connection)
            return await self._add_job(connection, state.number + 1, job, now)
        # What a plan has found is as old as the run; after the end of one, the rows that are left get a new plan.
        await connection.execute(
            "UPDATE coggno.jobs SET is_planned = is_planned AND finished IS NULL, finished = NULL "
            "WHERE journal = %s AND number = %s",
            (self.journal, state.number),
        )
        if job.plan:
            statement = "UPDATE coggno.jobs SET settings = %s WHERE journal = %s AND number = %s"
            await connection.execute(statement, (values.settings_of(job), self.journal, state.number))
        await self._forget_failed_removals(connection, state.number)
        if finished is not None:
            await self._put_removals_behind(connection, state.number)
        return evolve(state, is_planned=state.is_planned and finished is None)

    async def finish_job(self, connection: Database, number: int, now: float) -> None:
        """Note when a job came to its end."""
        await connection.execute(
            "UPDATE coggno.jobs SET finished = %s WHERE journal = %s AND number = %s", (now, self.journal, number)
        )

    async def save_plan(self, connection: Database, number: int, plan: SavedPlan) -> None:
        """Replace the plan of a job."""
        await self._delete_plan(connection)
        groups = ((self.journal, group.company, group.name, group.id) for group in plan.groups)
        await _copy(connection, "COPY coggno.plan_groups (journal, company, name, id) FROM STDIN", groups)
        users = ((self.journal, user.line, user.user_id, json.dumps(list(user.missing))) for user in plan.users)
        await _copy(connection, "COPY coggno.plan_users (journal, line, user_id, missing) FROM STDIN", users)
        await connection.execute(
            "UPDATE coggno.jobs SET is_planned = true WHERE journal = %s AND number = %s", (self.journal, number)
        )

    async def read_plan(self, connection: Database, number: int) -> SavedPlan | None:
        """Return the plan of a job, if it has saved one."""
        statement = "SELECT 1 FROM coggno.jobs WHERE journal = %s AND number = %s AND is_planned"
        if not await self._rows(connection, statement, self.journal, number):
            return None
        groups = await self._rows(
            connection, "SELECT company, name, id FROM coggno.plan_groups WHERE journal = %s ORDER BY id", self.journal
        )
        users = await self._rows(
            connection,
            "SELECT line, user_id, missing FROM coggno.plan_users WHERE journal = %s ORDER BY line",
            self.journal,
        )
        return SavedPlan(
            groups=[SavedGroup(company=company, name=name, id=group_id) for company, name, group_id in groups],
            users=[SavedUser(line=line, user_id=user_id, missing=json.loads(names)) for line, user_id, names in users],
        )

    async def last_intent(self, connection: Database) -> int:
        """Return the highest number of a write; 0 if there is none."""
        statement = "SELECT coalesce(max(id), 0) FROM coggno.writes WHERE journal = %s"
        return int((await self._rows(connection, statement, self.journal))[0][0])

    async def last_leaver(self, connection: Database, number: int) -> int:
        """Return the number of the last result of a job that belongs to no row; 0 if there is none."""
        first, end = values.row_id(number, values.LEAVERS), values.row_id(number + 1, 0)
        ((last,),) = await self._rows(connection, _LAST_LEAVER, values.PAST - 1, self.journal, first, end)
        return int(last or 0)

    async def count_left(self, connection: Database, number: int) -> int:
        """Return how many users who are in no row of a job were removed since it came to its end last."""
        first = values.row_id(number, values.LEAVERS)
        counted = await self._rows(connection, COUNTS, self.journal, first, first + values.PAST)
        return sum(count for outcome, count in counted if outcome in values.REMOVED)

    async def writes(self, connection: Database) -> list[RecordedWrite]:
        """Return the writes of rows and groups that are not finished."""
        return [values.write_of(row) for row in await self._rows(connection, WRITES, self.journal)]

    async def results(self, connection: Database, number: int, after: int, limit: int) -> list[tuple[int, RowResult]]:
        """Return some results of a job, each with its id, after that of `after`."""
        return results_of(await self._rows(connection, RESULTS, *page(self.journal, number, after, limit)))

    async def outcomes(self, connection: Database, number: int, after: int, limit: int) -> list[tuple[int, RowOutcome]]:
        """Return line and outcome of some rows of a job, after the line `after`; -1 for the first."""
        first, end = values.row_id(number, 0), values.row_id(number, values.LEAVERS)
        found = await self._rows(connection, _OUTCOMES, first, self.journal, first + after, end, limit)
        return [(line, values.OUTCOMES[outcome]) for line, outcome in found]

    async def last_leaving(self, connection: Database) -> dict[str, int]:
        """Return the key of every login that has left or was deleted, or may have been, with the last job of that."""
        found = await self._rows(connection, _LAST_LEAVING, self.journal)
        left = {login_key(login): number for login, number in found}
        # A removal without a result may have been carried out. It is newer than any result of a row for that login,
        # which would have made the journal forget it.
        doubtful = await self._rows(connection, _REMOVALS, self.journal)
        return left | {key: _AFTER_ALL for (key,) in doubtful}

    async def earlier(
        self, connection: Database, number: int, rows: Sequence[tuple[int, bytes]], left: Mapping[str, int]
    ) -> dict[int, RowResult]:
        """Return, by line, what became of rows before a job, where they ended as wanted and nobody left since."""
        lines = {digest: line for line, digest in rows}
        before = values.row_id(number, 0)
        found: dict[int, RowResult] = {}
        # In the order of the jobs: what the last one knows replaces what earlier ones knew.
        for digest, *row in await self._rows(connection, _EARLIER, self.journal, list(lines), before, _DONE):
            result, line = values.result_of(row), lines[digest]
            if left.get(login_key(result.login), 0) < row[0] >> values.LINE_BITS:
                found[line] = evolve(result, line=line)
        return found

    async def _add_job(self, connection: Database, number: int, job: Job, now: float) -> JobState:
        settings = values.settings_of(job)
        await connection.execute(_BEGIN, (self.journal, number, job.roster, job.digest, job.rows, settings, now))
        return JobState(number=number, begun=now)

    async def _forget_failed_removals(self, connection: Database, number: int) -> None:
        # Who is to be removed is found anew by each run; somebody who stays now would be reported as failed for ever.
        first, end = values.row_id(number, values.LEAVERS), values.row_id(number + 1, 0)
        statement = "DELETE FROM coggno.rows WHERE journal = %s AND id >= %s AND id < %s AND outcome <> ALL(%s)"
        await connection.execute(statement, (self.journal, first, end, _DONE))

    async def _put_removals_behind(self, connection: Database, number: int) -> None:
        first = values.row_id(number, values.LEAVERS)
        statement = "UPDATE coggno.rows SET id = id + %s WHERE journal = %s AND id >= %s AND id < %s"
        await connection.execute(statement, (values.PAST, self.journal, first, first + values.PAST))

    async def _forget_plan(self, connection: Database) -> None:
        # The plan of another roster is of no use, and neither are its groups: the new plan lists them.
        await self._delete_plan(connection)
        await connection.execute(
            "DELETE FROM coggno.writes WHERE journal = %s AND kind = 'create_group' AND outcome = 'done'",
            (self.journal,),
        )

    async def _delete_plan(self, connection: Database) -> None:
        await connection.execute("DELETE FROM coggno.plan_groups WHERE journal = %s", (self.journal,))
        await connection.execute("DELETE FROM coggno.plan_users WHERE journal = %s", (self.journal,))

    async def _rows(self, connection: Database, statement: LiteralString, *parameters: Any) -> list[Sequence[Any]]:
        return await (await connection.execute(statement, parameters)).fetchall()


def scope_of(found: Sequence[Sequence[Any]]) -> JournalScope | None:
    """Return which company a journal belongs to, from `SCOPE`; `None` before its first job."""
    if not found or found[0][0] is None:
        return None
    address, company, account = found[0]
    return JournalScope(address=address, company=company, account=account)


def results_of(found: Sequence[Sequence[Any]]) -> list[tuple[int, RowResult]]:
    """Return results, each with its id, from `RESULTS`."""
    return [(row[0], values.result_of(row)) for row in found]


def page(journal: int, number: int, after: int, limit: int) -> tuple[int, int, int, int]:
    """Return the parameters of `RESULTS`.

    Args:
        journal: number of the journal.
        number: of the job.
        after: the id after which to begin; 0 for the first.
        limit: how many at most.
    """
    return journal, max(after, values.row_id(number, 0) - 1), values.row_id(number + 1, 0), limit


async def _copy(connection: Database, statement: LiteralString, rows: Iterable[Sequence[Any]]) -> None:
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)
