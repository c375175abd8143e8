"""Only one of the runs with journals in one database creates groups of a company at a time, on whatever machines.

A lock belongs to the lease of its run, and is free when that lease is not valid any more. A run that holds one checks
in every transaction, so before every request, that nobody has taken it meanwhile.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field

from coggno.provisioning.journal.postgres.driver import Database, JournalLostError
from coggno.provisioning.journal.postgres.lease import Lease

_ADD: Final = "INSERT INTO coggno.group_locks (scope) VALUES (%s) ON CONFLICT DO NOTHING"
_LOCK_ROW: Final = "SELECT 1 FROM coggno.group_locks WHERE scope = %s FOR UPDATE"
_TAKE: Final = """
UPDATE coggno.group_locks AS held SET journal = %(journal)s, token = %(token)s
WHERE scope = %(scope)s AND (held.journal = %(journal)s OR NOT EXISTS (
  SELECT 1 FROM coggno.journals AS holder
  WHERE holder.id = held.journal AND holder.token = held.token AND holder.expires > clock_timestamp()
))
"""
_CHECK: Final = """
SELECT count(*) FROM (
  SELECT 1 FROM coggno.group_locks WHERE scope = ANY(%s) AND journal = %s AND token = %s FOR UPDATE
) AS held
"""
_RELEASE: Final = (
    "UPDATE coggno.group_locks SET journal = NULL, token = NULL WHERE scope = %s AND journal = %s AND token = %s"
)


# A group that another run has sent and given up, or died with, may still be created: no list shows it yet.
_IN_DOUBT: Final = """
SELECT 1 FROM coggno.writes AS write JOIN coggno.journals AS journal ON journal.id = write.journal
WHERE write.kind = 'create_group' AND coalesce(write.outcome, 'unknown') = 'unknown' AND write.journal <> %s
  AND journal.address || ' ' || coalesce(write.company::text, journal.company, 'None') = %s
  AND write.sent_at > extract(epoch FROM clock_timestamp()) - %s LIMIT 1
"""


@define
class GroupLocks:
    """The rights of a run to create groups.

    Attributes:
        lease: of its journal.
        settle_time: seconds after which a group that no list shows was not created.
        held: address and company of each right that it has.
    """

    lease: Lease
    settle_time: float
    held: set[str] = field(factory=set[str])

    async def take(self, connection: Database, scope: str) -> bool:
        """Return whether the right could be had, and no group of another run is in doubt.

        Args:
            connection: in a transaction of the lease.
            scope: address and company.
        """
        await connection.execute(_ADD, (scope,))
        # A statement of its own: only the next one sees the lease that its holder has renewed while this one waited.
        await connection.execute(_LOCK_ROW, (scope,))
        lease = self.lease
        taken = await connection.execute(_TAKE, {"scope": scope, "journal": lease.journal, "token": lease.token})
        if taken.rowcount == 0:
            return False
        in_doubt = await connection.execute(_IN_DOUBT, (lease.journal, scope, self.settle_time))
        if await in_doubt.fetchone() is None:
            return True
        # Given back: the run that goes on with the group in doubt settles it sooner.
        await self.release(connection, scope)
        return False

    async def check(self, connection: Database) -> None:
        """Return if nobody has taken a right of this run meanwhile, and keep others from it until the commit.

        Raises:
            JournalLostError: somebody has; the groups of this run might be made twice.
        """
        if not self.held:
            return
        cursor = await connection.execute(_CHECK, (list(self.held), self.lease.journal, self.lease.token))
        (count,) = await cursor.fetchone() or (0,)
        if count < len(self.held):
            raise JournalLostError(
                "Another run has begun to create groups of this company, since this one could not renew its lease "
                f"of the journal {self.lease.url} in time. Run the same roster again when the other run has ended."
            )

    async def release(self, connection: Database, scope: str) -> None:
        """Let the next run create groups."""
        await connection.execute(_RELEASE, (scope, self.lease.journal, self.lease.token))
