"""Submitting a roster: all of it in one transaction, so that workers see the whole job or nothing."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, evolve, field, frozen

from coggno import testing
from coggno.errors import ConfigurationError
from coggno.provisioning.errors import JournalError
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.database.row_data import text_of
from coggno.provisioning.jobs.database.sealing import JobClient, Sealer, new_salt
from coggno.provisioning.jobs.reader import JobReader
from coggno.provisioning.jobs.records import FORMAT, JobDetails, JobStatus, SubmittedJob
from coggno.provisioning.journal import DatabaseUrl, JournalScope
from coggno.provisioning.journal.postgres import driver, schema
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.options import RunOptions
from coggno.provisioning.planning.companies import find_companies
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Roster, RosterOptions, Source, read_roster

SHARD_ROWS: Final = 5_000
_FEWEST_ROWS: Final = (
    250  # of a shard, unless another number is asked for: each costs some 30 round trips to the database
)
_SHARES: Final = 16  # so many shards a small job has at least, so that several workers have something to do
_ADD_JOURNAL: Final = "INSERT INTO coggno.journals (name) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id"
_LOCK_JOURNAL: Final = "SELECT id FROM coggno.journals WHERE name = %s FOR UPDATE"
_IS_OTHER: Final = (
    "SELECT 1 FROM coggno.jobs WHERE journal = %(journal)s UNION ALL "
    "SELECT 1 FROM coggno.shards WHERE journal = %(journal)s UNION ALL "
    "SELECT 1 FROM coggno.journals WHERE id = %(journal)s AND expires > clock_timestamp()"
)
_ADD: Final = (
    "INSERT INTO coggno.submissions "
    "(journal, format, address, company, account, roster, digest, details, row_count, salt, submitted) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"
)
_COPY: Final = "COPY coggno.submitted_rows (job, line, shard, merged_into, data, password) FROM STDIN"
_ADD_SHARD: Final = (
    "INSERT INTO coggno.shards (job, number, journal, first_line, row_count) VALUES (%s, %s, %s, %s, %s)"
)
_NOTHING_TO_DO: Final = (
    "UPDATE coggno.submissions SET planned = submitted, begun = submitted, finished = submitted WHERE id = %s"
)


async def submit_job(
    client: JobClient,
    rows: Roster | Source,
    *,
    journal: str | DatabaseUrl,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    roster_options: RosterOptions | None = None,
    makes_passwords: bool = False,
    shard_rows: int | None = None,
) -> JobStatus:
    """Submit a roster as a job that workers carry out; nothing is sent to Coggno but a list, where rows name companies.

    The same roster submitted again under the same name is the same job.

    Args:
        client: of the account that the job is for; its workers need the same API key.
        rows: a `Roster`, or what `read_roster` takes.
        journal: `postgresql://...?journal=NAME`; NAME is the name of the job.
        options: concurrency, rate, patience and settle time of its runs.
        roster_options: how the rows are read.
        makes_passwords: whether passwords are generated for new users whose row has none.
        shard_rows: how many rows a worker takes at a time, at least 1; 5,000 if not given, and fewer of a small job.

    Returns:
        How far the job is.

    Raises:
        RosterError: the roster cannot be read, or a company in it is not connected.
        JournalError: the database cannot be used, or the name is in use for something else.
        ConfigurationError: an option cannot be used.
        APIError: the companies could not be read.
    """
    url = journal if isinstance(journal, DatabaseUrl) else DatabaseUrl(journal)
    _check(rows, options, roster_options, shard_rows)
    roster_options = evolve(roster_options or RosterOptions(), needs_password=False)
    roster = rows if isinstance(rows, Roster) else read_roster(rows, roster_options)
    details = JobDetails(
        options={name: getattr(options, name) for name in ("concurrency", "rate", "patience", "settle_time")},
        makes_passwords=makes_passwords,
        header=roster.header,
        visible=roster.visible,
        delimiter=roster.delimiter,
        encoding=roster.encoding,
        rejected={outcome.value: count for outcome, count in roster.rejected.items()},
        companies=await _companies(client, roster, options),
        settings=roster.settings,
    )
    size = shard_rows or min(SHARD_ROWS, max(_FEWEST_ROWS, -(-roster.accepted_count // _SHARES)))
    is_new = await _Submission(client, url, roster, details, size).save()
    return evolve(await asyncio.to_thread(_status, url), is_new=is_new)


def _check(
    rows: Roster | Source, options: RunOptions, roster_options: RosterOptions | None, shard_rows: int | None
) -> None:
    if shard_rows is not None and shard_rows < 1:
        raise ConfigurationError(f"shard_rows must be at least 1, not {shard_rows}")
    if options.removals is not None:
        raise ConfigurationError(
            "A submitted job removes nobody: a worker has a part of the roster only, and would take all others for "
            "people who have left. Remove them with a run of the whole roster."
        )
    if options.passwords is not None or options.journal is not None:
        raise ConfigurationError(
            "A submitted job keeps its passwords and journals in the database: give makes_passwords=True in place of a "
            "password file, and the database as journal=."
        )
    if isinstance(rows, Roster) and roster_options is not None:
        raise ConfigurationError("This roster was read already: give mapping and group to read_roster().")


async def _companies(client: JobClient, roster: Roster, options: RunOptions) -> dict[str, int | None]:
    """Return the ids of the companies that rows name: a person can correct the roster now, a worker could not."""
    if not roster.names_companies:
        return {}
    names = {row.person.company for row in roster.accepted if row.person is not None}
    sender = Sender.of(client.with_options(max_retries=0), options, clock=testing.clock, sleep=testing.sleep)
    return dict(await find_companies(sender, sender.client, names))


def _storable(name: str) -> str:
    """Return the name of a file as a database takes it: it may be no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _status(url: DatabaseUrl) -> JobStatus:
    with JobReader(url) as reader:
        return reader.job(url.name)


@define
class _Shards:
    """Which rows go into which shard: accepted rows in the order of the input, merged rows with their first one.

    Attributes:
        size: accepted rows of a shard.
        first_lines: of each shard.
        counts: rows of each shard, merged ones included.
    """

    size: int
    first_lines: list[int] = field(factory=list[int])
    counts: list[int] = field(factory=list[int])
    _accepted: int = 0

    def add(self, line: int, merged_into: int | None) -> int:
        """Return the shard of a row."""
        if merged_into is None:
            if self._accepted % self.size == 0:
                self.first_lines.append(line)
                self.counts.append(0)
            self._accepted += 1
            number = len(self.first_lines)
        else:
            number = bisect_right(self.first_lines, merged_into)
        self.counts[number - 1] += 1
        return number


@frozen
class _Submission:
    client: JobClient
    url: DatabaseUrl
    roster: Roster
    details: JobDetails
    shard_rows: int

    async def save(self) -> bool:
        """Keep the job, and return whether it is a new one.

        Raises:
            JournalError: it cannot be kept, or the name is in use for something else.
        """
        connection = None
        try:
            connection = await driver.connect(self.url)
            await schema.prepare(connection, self.url)
            async with connection.transaction():
                return await self._save(connection)
        except Exception as error:
            if driver.is_of_database(error):
                raise driver.unusable(self.url, error) from None
            raise
        finally:
            if connection is not None:
                await connection.close()

    async def _save(self, connection: Database) -> bool:
        name = self.url.name
        await connection.execute(_ADD_JOURNAL, (name,))
        # The same submission at the same moment waits here until this one is complete.
        (journal,) = await (await connection.execute(_LOCK_JOURNAL, (name,))).fetchone() or (0,)
        known = await (await connection.execute(tables.JOB, (name,))).fetchone()
        if known is not None:
            self._check_same(tables.job_of(known))
            return False
        if await (await connection.execute(_IS_OTHER, {"journal": journal})).fetchone() is not None:
            raise JournalError(f"{self.url} is the journal of a run. Give the job another name with journal=NAME.")
        await self._add(connection, journal)
        return True

    def _check_same(self, known: SubmittedJob) -> None:
        scope = JournalScope.of(self.client)
        if known.digest != self.roster.digest:
            raise JournalError(
                f"The job {known.name} is of another roster, {known.roster}. Give this one another name: journal=NAME "
                "in the URL."
            )
        if known.scope != scope:
            what = "another API key" if evolve(known.scope, account=scope.account) == scope else str(known.scope)
            raise JournalError(f"The job {known.name} was submitted for {what}. Give this one another name.")
        if known.details.makes_passwords != self.details.makes_passwords:
            how = "with generated passwords" if known.details.makes_passwords else "without generated passwords"
            raise JournalError(f"The job {known.name} was submitted {how}, which cannot be changed any more.")

    async def _add(self, connection: Database, journal: int) -> None:
        scope, salt = JournalScope.of(self.client), new_salt()
        values: tuple[Any, ...] = (
            journal, FORMAT, scope.address, scope.company, scope.account, _storable(self.roster.name),
            self.roster.digest, tables.details_text(self.details), len(self.roster.rows), salt, time.time(),
        )  # fmt: skip
        (job,) = await (await connection.execute(_ADD, values)).fetchone() or (0,)
        shards = _Shards(self.shard_rows)
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in self._rows(Sealer.of(self.client, salt), shards):
                await copy.write_row((job, *row))
        for number, (line, count) in enumerate(zip(shards.first_lines, shards.counts, strict=True), start=1):
            name = f"{self.url.name}/{number}"
            added = await (await connection.execute(_ADD_JOURNAL, (name,))).fetchone()
            if added is None:
                raise JournalError(f"The database has a journal {name!r}. Give the job another name with journal=NAME.")
            await connection.execute(_ADD_SHARD, (job, number, added[0], line, count))
        if not shards.counts:
            await connection.execute(_NOTHING_TO_DO, (job,))

    def _rows(self, sealer: Sealer, shards: _Shards) -> Iterator[tuple[Any, ...]]:
        for row in self.roster.rows:
            is_rejected = row.rejection is not None
            shard = None if is_rejected else shards.add(row.line, row.merged_into)
            password = None if is_rejected or row.person is None else row.person.password
            sealed = None if password is None or row.merged_into is not None else sealer.seal(row.line, password)
            yield row.line, shard, row.merged_into, text_of(row), sealed
