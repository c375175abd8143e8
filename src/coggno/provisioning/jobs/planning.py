"""The plan of a job: what exists is read once, and each shard gets its part of it, so that shards read no lists."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from typing import Final

from attrs import define, field, frozen

from coggno.models import Group
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.database.row_data import row_of
from coggno.provisioning.jobs.journals import ClaimedJournal
from coggno.provisioning.jobs.records import SubmittedJob
from coggno.provisioning.jobs.rosters import SEALED, groups_of, roster_of, shard_digest
from coggno.provisioning.journal import DatabaseUrl, Job, RowRecord, SavedGroup, SavedPlan, SavedUser, values
from coggno.provisioning.journal.batch import Batch
from coggno.provisioning.journal.postgres import driver
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.journal.postgres.statements import JournalTables
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning import PlannedRow, make_plan
from coggno.provisioning.planning.counts import GroupOfCompany
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Roster, Row

_PAGE: Final = 5_000  # rows that are read at once
_ACCEPTED: Final = (
    "SELECT line, data, password IS NOT NULL FROM coggno.submitted_rows "
    "WHERE job = %s AND line > %s AND shard IS NOT NULL AND merged_into IS NULL ORDER BY line LIMIT %s"
)
_COUNT: Final = (
    "SELECT count(*), coalesce(max(line), 0) FROM coggno.submitted_rows "
    "WHERE job = %s AND shard IS NOT NULL AND merged_into IS NULL"
)


async def plan_job(journal: ClaimedJournal, sender: Sender, options: RunOptions) -> Counter[RowOutcome]:
    """Read what exists of what a job asks for, and save the plan of each shard; nothing is changed at Coggno.

    A worker that dies meanwhile leaves a job that is not planned, which the next one plans again.

    Args:
        journal: of the job, which this worker holds.
        sender: sends the requests.
        options: of the job.

    Returns:
        How many rows have ended already, by outcome.

    Raises:
        JournalError: the database cannot be used, or another worker has taken over.
        StoppedError: the API did not respond for as long as the patience allows.
        APIError: a list could not be read, and waiting cannot help.
        RosterError: a company is not connected any more.
    """
    job = journal.claim.job
    with _reading(journal.url) as connection:
        roster = _accepted_roster(connection, job)
        makes_passwords = job.details.makes_passwords
        plan = await make_plan(sender.client, roster, options, makes_passwords=makes_passwords, sender=sender)
        saver = _PlanSaver(journal, plan.existing_groups)
        lines = await journal.fenced(lambda database: tables.shard_lines(database, job.id))
        starts = [line for _, line, _ in lines]
        for index, steps in groupby(plan.steps(), key=lambda step: bisect_right(starts, _line_of(step)) - 1):
            number, _, shard_journal = lines[index]
            await saver.save(number, shard_journal, steps)
    await journal.fenced(lambda database: tables.mark_planned(database, job.id, time.time()))
    return saver.ended


def _line_of(step: PlannedRow | RowResult) -> int:
    return step.line if isinstance(step, RowResult) else step.row.line


@contextmanager
def _reading(url: DatabaseUrl) -> Generator[driver.ReadDatabase]:
    connection = driver.connect_to_read(url)
    try:
        with driver.described(url):
            yield connection
    finally:
        connection.close()


def _accepted_roster(connection: driver.ReadDatabase, job: SubmittedJob) -> Roster:
    """Return the rows of a job that are to be carried out; with a placeholder for passwords."""

    def read() -> Iterator[Row]:
        after = 0
        while page := connection.execute(_ACCEPTED, (job.id, after, _PAGE)).fetchall():
            for line, data, has_password in page:
                yield row_of(line, data, password=SEALED if has_password else None)
            after = page[-1][0]

    count, last_line = connection.execute(_COUNT, (job.id,)).fetchone() or (0, 0)
    return roster_of(job, read, count=count, last_line=last_line, digest=job.digest, groups=groups_of(read()))


@frozen
class _PlanSaver:
    """Saves what a plan has found into the journals of the shards.

    Attributes:
        journal: of the job.
        groups: those that exist, by company and name.
        ended: how many rows have ended already, by outcome; the others that are decided are decided again by the runs.
    """

    journal: ClaimedJournal
    groups: Mapping[GroupOfCompany, Group]
    ended: Counter[RowOutcome] = field(factory=Counter[RowOutcome])

    async def save(self, number: int, shard_journal: int, steps: Iterable[PlannedRow | RowResult]) -> None:
        """Save the plan of one shard, in one transaction of the lease of the job."""
        job, shard_tables, part = self.journal.claim.job, JournalTables(shard_journal), _ShardPlan.of(steps)
        begun = Job(
            scope=job.scope,
            roster=job.roster,
            digest=shard_digest(job, number),
            rows=part.rows,
            settings=job.details.settings,
        )
        plan = SavedPlan(groups=self._groups_of(part), users=part.users)

        async def save(connection: Database) -> None:
            state = await shard_tables.begin_job(connection, begun, time.time())
            rows = [
                values.row_values(values.row_id(state.number, each.line), RowRecord(result=each))
                for each in part.decided
            ]
            await shard_tables.write(connection, Batch(rows=[*rows]))
            await shard_tables.save_plan(connection, state.number, plan)

        await self.journal.fenced(save)
        self.ended.update(each.outcome for each in part.decided if each.outcome is not RowOutcome.INVALID)

    def _groups_of(self, part: _ShardPlan) -> list[SavedGroup]:
        found = ((key, self.groups.get(key)) for key in part.groups)
        return [
            SavedGroup(name=name, id=group.id, company=company) for (company, name), group in found if group is not None
        ]


@define
class _ShardPlan:
    """What is planned for the rows of one shard.

    Attributes:
        rows: how many there are.
        decided: results of rows that need nothing, or cannot be carried out.
        users: existing users that lack a group.
        groups: company and name of the groups that somebody is to be added to.
    """

    rows: int = 0
    decided: list[RowResult] = field(factory=list[RowResult])
    users: list[SavedUser] = field(factory=list[SavedUser])
    groups: dict[GroupOfCompany, None] = field(factory=dict[GroupOfCompany, None])

    @classmethod
    def of(cls, steps: Iterable[PlannedRow | RowResult]) -> _ShardPlan:
        part = cls()
        for step in steps:
            part.rows += 1
            part._add(step)
        return part

    def _add(self, step: PlannedRow | RowResult) -> None:
        if isinstance(step, RowResult):
            self.decided.append(step)
            return
        self.groups.update(dict.fromkeys((step.company, name) for name in step.missing))
        if step.user_id is not None:
            self.users.append(SavedUser(line=step.row.line, user_id=step.user_id, missing=step.missing))
