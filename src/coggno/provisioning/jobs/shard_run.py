"""One worker carries out one part of a job, with the engine and the journal of any run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

from attrs import evolve, field, frozen

from coggno.provisioning.errors import JournalError, StoppedError
from coggno.provisioning.execution import Run
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.database.connection import WorkerDatabase
from coggno.provisioning.jobs.database.sealing import Sealer
from coggno.provisioning.jobs.database.tables import Claim
from coggno.provisioning.jobs.journals import ShardJournal
from coggno.provisioning.jobs.observer import WorkerObserver
from coggno.provisioning.jobs.rosters import shard_roster
from coggno.provisioning.jobs.senders import options_of
from coggno.provisioning.outcomes import AS_WANTED, RowOutcome, Waiting
from coggno.provisioning.passwords import generate_password
from coggno.provisioning.planning import Plan
from coggno.provisioning.planning.earlier import Earlier, read_earlier
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Roster

_INTERVAL: Final = 1.0  # seconds
CANCELLED: Final = "the job was cancelled"


@frozen
class ShardEnd:
    """How the work on a shard ended.

    Attributes:
        counts: how many rows have ended, by outcome; those of earlier workers are not among them.
        stopped: why it ended before all rows had; `None` if it did not.
        has_lost_journal: whether it ended since the journal could not be written.
    """

    counts: Counter[RowOutcome]
    stopped: str | None = None
    has_lost_journal: bool = False


@frozen
class ShardRun:
    """Carries out a shard.

    Attributes:
        journal: of the shard, which this worker holds.
        sender: sends the requests.
        sealer: opens the passwords of the job.
        database: tells whether the job was cancelled.
        observer: follows the run.
    """

    journal: ShardJournal
    sender: Sender
    sealer: Sealer = field(repr=False)
    database: WorkerDatabase
    observer: WorkerObserver

    @property
    def claim(self) -> Claim:
        """What this worker holds."""
        return self.journal.claim

    async def carry_out(self) -> ShardEnd:
        """Carry out what is left of the shard.

        Raises:
            JournalError: the journal cannot be used, or another worker has taken the shard over.
        """
        job = self.claim.job
        rows = await self.database.call(lambda connection: tables.shard_rows(connection, job.id, self.claim.number))
        passwords = {row.line: self.sealer.open(row.line, row.password) for row in rows if row.password is not None}
        roster = shard_roster(job, self.claim.number, rows, passwords)
        earlier = await read_earlier(self.journal, roster, self.sender.client, recheck=False)
        if earlier.users is None:
            raise JournalError(f"The plan of {self.journal.url} is missing.")
        if job.details.makes_passwords:
            passwords |= await self._generate(roster, earlier)
        plan = Plan(roster, {}, companies=job.details.companies, earlier=earlier)
        run = Run(self.sender.client, plan, evolve(options_of(job), journal=self.journal), sender=self.sender)
        self.observer.shard_begun(job, self.claim.number, run.progress)
        counts: Counter[RowOutcome] = Counter()
        try:
            async with self._watched(run), aclosing(run):
                await self._take_results(run, roster, earlier, counts)
        except StoppedError as early:
            # What did not end as it should is tried again by who continues.
            counts = Counter({outcome: count for outcome, count in counts.items() if outcome in AS_WANTED})
            return ShardEnd(counts, early.reason, has_lost_journal=self.journal.has_failed)
        return ShardEnd(counts)

    async def _take_results(self, run: Run, roster: Roster, earlier: Earlier, counts: Counter[RowOutcome]) -> None:
        async for result in run:
            first = roster.merged.first_of(result.line) or result.line
            if not (result.not_attempted or earlier.is_done(first)):
                counts[result.outcome] += 1
                self.observer.row_ended(result, run.progress)
            await self.journal.erase_ended()

    async def _generate(self, roster: Roster, earlier: Earlier) -> Mapping[int, str]:
        """Return a password for each new user whose row has none. All are kept before any of them is sent."""
        users = earlier.users or {}
        made = {
            row.line: generate_password()
            for row in roster.accepted
            if row.person is not None
            and row.person.password is None
            and row.line not in users
            and not earlier.is_done(row.line)
        }
        if made:
            await self.journal.keep_passwords((line, self.sealer.seal(line, made[line])) for line in made)
        return made

    @asynccontextmanager
    async def _watched(self, run: Run) -> AsyncGenerator[None]:
        watch = asyncio.create_task(self._watch(run))
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self, run: Run) -> None:
        """Once a second, find out whether the job was cancelled, and keep what this worker waits for."""
        job, number, shown = self.claim.job.id, self.claim.number, None
        while True:
            await asyncio.sleep(_INTERVAL)
            progress = run.progress
            self.observer.tick(progress)
            if await self.database.attempt(lambda connection: tables.is_cancelled(connection, job)):
                run.stop(CANCELLED)
            if progress.waiting != shown:
                shown = progress.waiting
                await self._note_waiting(job, number, shown)

    async def _note_waiting(self, job: int, number: int, waiting: Waiting | None) -> None:
        await self.database.attempt(lambda connection: tables.note_waiting(connection, job, number, waiting))
