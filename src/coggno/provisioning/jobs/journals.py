"""Journals that a worker holds before it begins: that of a shard, and that of the planning of a job."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.database.tables import Claim
from coggno.provisioning.journal import PostgresJournal, RowRecord
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.journal.postgres.lease import Lease

T = TypeVar("T")
_LAST_SECONDS: Final = 2.0  # for the last commit; a worker that is stopped has to end within 10
_ERASED_AT_ONCE: Final = 200  # passwords


class ClaimedJournal(PostgresJournal):
    """A journal whose lease was taken already.

    Args:
        claim: what this worker holds.
        options: as for `PostgresJournal`.
    """

    def __init__(self, claim: Claim, **options: Any) -> None:
        super().__init__(claim.lease.url, lease=claim.lease.seconds, **options)
        self.claim = claim

    async def fenced(self, function: Callable[[Database], Awaitable[T]]) -> T:
        """Do something in the database, unless another worker has taken the lease over.

        Raises:
            JournalError: one has, or the database cannot be written.
        """
        writer = await self._opened()
        return await writer.call(function)

    async def _take_lease(self, _: Database, /) -> Lease:
        # Its first transaction renews the lease, and fails if it was lost meanwhile.
        return self.claim.lease


class ShardJournal(ClaimedJournal):
    """The journal of a shard: what ends there is noted for the job as well, in the same transaction."""

    def __init__(self, claim: Claim, **options: Any) -> None:
        super().__init__(claim, **options)
        self._ended: list[int] = []

    def record(self, record: RowRecord) -> None:
        """Note what became of a row, with the next commit."""
        super().record(record)
        if record.result.is_as_wanted:
            # One that has failed may be tried again, by a worker that continues this shard.
            self._ended.append(record.result.line)

    async def erase_ended(self) -> None:
        """Erase the passwords of rows that have ended, when there are many.

        Raises:
            JournalError: they cannot be erased.
        """
        if len(self._ended) >= _ERASED_AT_ONCE:
            lines, self._ended = self._ended, []
            # After the results of these rows, which are written first.
            await self.fenced(lambda connection: tables.erase(connection, self.claim.job.id, lines))

    async def keep_passwords(self, sealed: Iterable[tuple[int, bytes]]) -> None:
        """Return when generated passwords are safe: before that, none of them may be sent.

        Args:
            sealed: line and sealed password of rows.

        Raises:
            JournalError: they cannot be kept.
        """
        kept = list(sealed)
        await self.fenced(lambda connection: tables.seal(connection, self.claim.job.id, kept))

    async def finish(self) -> None:
        """Note that all rows of the shard have ended."""
        writer, now, claim = self._begun(), self._now(), self.claim

        async def finish(connection: Database) -> None:
            # Together: a worker that died in between would leave a shard whose plan is of no use any more.
            await writer.tables.finish_job(connection, self._number, now)
            await tables.finish_shard(connection, claim.job.id, claim.number, now)

        await writer.call(finish)


J = TypeVar("J", bound=ClaimedJournal)


@asynccontextmanager
async def closing_soon(journal: J) -> AsyncGenerator[J]:
    """Close a journal at the end of the context, and do not wait for a database that is gone."""
    try:
        yield journal
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await journal.close()
