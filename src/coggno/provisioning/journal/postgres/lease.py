"""One run at a time: the right to write to a journal, which ends by itself when its run does not renew it.

Every takeover raises the journal's token. Every transaction of a run first renews the lease of its own token, and so
locks the row of the journal: a run that was taken over cannot commit anything, whatever it believes.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from attrs import frozen

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.locks.holder import describe
from coggno.provisioning.journal.postgres.driver import Database, JournalLostError
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.journal.records import Holder

_POLL: Final = 0.5  # seconds between two attempts to have a journal whose run may be dead

_ADD: Final = "INSERT INTO coggno.journals (name) VALUES (%s) ON CONFLICT DO NOTHING"
_FIND: Final = "SELECT id, expires, pid, host, since FROM coggno.journals WHERE name = %s"
# The database's clock alone decides: those of two machines differ. A row that is locked is in use.
_TAKE: Final = """
UPDATE coggno.journals SET token = token + 1, pid = %(pid)s, host = %(host)s, since = %(since)s,
  expires = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = (
  SELECT id FROM coggno.journals
  WHERE name = %(name)s AND (expires IS NULL OR expires < clock_timestamp()) FOR UPDATE SKIP LOCKED
) RETURNING id, token
"""
_RENEW: Final = """
UPDATE coggno.journals SET expires = clock_timestamp() + make_interval(secs => %s) WHERE id = %s AND token = %s
"""
_RELEASE: Final = "UPDATE coggno.journals SET expires = NULL, pid = NULL WHERE id = %s AND token = %s"
_JOB_OF: Final = """
SELECT journal.name FROM coggno.submissions AS job JOIN coggno.journals AS journal ON journal.id = job.journal
WHERE job.journal = %(journal)s OR job.id = (SELECT job FROM coggno.shards WHERE journal = %(journal)s)
"""


@frozen
class Lease:
    """The right to write to a journal.

    Attributes:
        url: of the journal.
        journal: number of the journal in its database.
        token: what tells this lease from those before and after it.
        seconds: how long it lasts after it was renewed.
    """

    url: DatabaseUrl
    journal: int
    token: int
    seconds: float

    async def renew(self, connection: Database) -> None:
        """Renew the lease, as the first thing in a transaction.

        A lease that ran out and that nobody took since is renewed as well: nothing has happened meanwhile.

        Raises:
            JournalLostError: another run has taken the journal.
        """
        renewed = await connection.execute(_RENEW, (self.seconds, self.journal, self.token))
        if renewed.rowcount == 0:
            found = await (await connection.execute(_FIND, (self.url.name,))).fetchone()
            holder = describe(_holder(found)) if found else ""
            raise JournalLostError(
                f"Another run has taken over the journal {self.url}{holder}, since this one could not renew its lease "
                f"of {self.seconds:g} seconds in time. Wait until the other run ends."
            )

    async def release(self, connection: Database) -> None:
        """Let the next run have the journal at once."""
        await connection.execute(_RELEASE, (self.journal, self.token))


async def take(
    connection: Database,
    url: DatabaseUrl,
    *,
    seconds: float,
    since: float,
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
) -> Lease:
    """Return the right to write to a journal, which is created if there is none of that name.

    A run that was killed still has its lease. This waits until it runs out, and gives up as soon as somebody renews it.

    Args:
        connection: to the database.
        url: of the journal.
        seconds: how long a lease lasts.
        since: now, in seconds since the epoch, for messages of others.
        sleep: waits for so many seconds.

    Raises:
        JournalError: another run has it.
    """
    await connection.execute(_ADD, (url.name,))
    values = {"name": url.name, "pid": os.getpid(), "host": socket.gethostname(), "since": since, "seconds": seconds}
    first_expiry: Any = None
    while True:
        taken = await (await connection.execute(_TAKE, values)).fetchone()
        if taken is not None:
            return Lease(url, journal=taken[0], token=taken[1], seconds=seconds)
        found = await (await connection.execute(_FIND, (url.name,))).fetchone()
        expiry = None if found is None else found[1]
        first_expiry = first_expiry or expiry
        if found is not None and expiry is not None and expiry != first_expiry:
            raise JournalError(f"Another run is using {url}{describe(_holder(found))}. Wait until it ends.")
        await sleep(_POLL)


async def check_no_job(connection: Database, taken: Lease) -> None:
    """Return if a journal is one of a run.

    Raises:
        JournalError: it belongs to a submitted job, which workers carry out.
    """
    job = await (await connection.execute(_JOB_OF, {"journal": taken.journal})).fetchone()
    if job is not None:
        raise JournalError(
            f"{taken.url} belongs to a job that was submitted. Its workers are started with: "
            f"coggno worker --journal URL --job {job[0]}. For a run of another roster, use another journal."
        )


def holder_from(found: Sequence[Any]) -> Holder | None:
    """Return the run that uses a journal from `pid`, `host` and `since`; `None` if there is none."""
    pid, host, since = found
    return None if pid is None else Holder(pid=pid, host=host or "", since=since or 0.0)


def _holder(found: tuple[Any, ...]) -> Holder:
    return holder_from(found[2:]) or Holder(pid=0, since=0.0)
