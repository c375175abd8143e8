"""How far a job is, read again and again; a database that is restarted meanwhile is waited for, as its workers do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from attrs import define, evolve, field

from coggno.provisioning.errors import JournalError
from coggno.provisioning.jobs import JobReader, JobStatus
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.outcomes import Waiting


@define
class JobProgress:
    """Reads the state of one job.

    Attributes:
        url: of the job.
        patience: seconds that the database may be gone.
        clock: seconds that only grow.
    """

    url: DatabaseUrl
    patience: float = 900.0
    clock: Callable[[], float] = time.monotonic
    _reader: JobReader | None = field(init=False, default=None)
    _last: JobStatus | None = field(init=False, default=None)
    _gone_since: float | None = field(init=False, default=None)

    async def status(self) -> JobStatus:
        """Return how far the job is; as it was last, while the database does not respond.

        Raises:
            JournalError: it cannot be read at all, or not for as long as the patience allows.
        """
        # In a thread: a database that hangs must not keep Ctrl-C from being noticed.
        try:
            self._last = await asyncio.to_thread(self._read)
        except JournalError:
            now = self.clock()
            self._gone_since = now if self._gone_since is None else self._gone_since
            if self._last is None or now - self._gone_since >= self.patience:
                raise
            since = time.time() - (now - self._gone_since)
            return evolve(self._last, waiting=Waiting(since=since, reason="the database of the job to respond again"))
        self._gone_since = None
        return self._last

    def close(self) -> None:
        """Close the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _read(self) -> JobStatus:
        try:
            self._reader = self._reader or JobReader(self.url)
            return self._reader.job(self.url.name)
        except JournalError:
            self.close()
            raise
