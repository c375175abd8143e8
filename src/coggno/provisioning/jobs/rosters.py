"""Rosters of submitted jobs: what a plan, a run or a results file needs of them, with the rows from the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from coggno.provisioning.jobs.database.row_data import row_of
from coggno.provisioning.jobs.database.tables import KeptRow
from coggno.provisioning.jobs.records import SubmittedJob
from coggno.provisioning.outcomes import RowOutcome
from coggno.provisioning.roster import Roster, RosterRows, Row
from coggno.provisioning.roster.merges import Merges

SEALED = "(sealed)"
"""In place of a password that the reader of a row does not need; never sent."""


def roster_of(
    job: SubmittedJob,
    read: Callable[[], Iterator[Row]],
    *,
    count: int,
    last_line: int,
    digest: bytes,
    groups: tuple[str, ...] = (),
    merged: Merges | None = None,
    rejected: Mapping[RowOutcome, int] | None = None,
) -> Roster:
    """Return a roster with some or all rows of a job.

    Args:
        job: the job.
        read: begins to read the rows.
        count: how many there are.
        last_line: line of the last one.
        digest: of what they ask for.
        groups: names of their groups, where the lists of the server are to be read.
        merged: which of them were merged into which.
        rejected: how many of them the check has refused, by outcome.
    """
    details = job.details
    return Roster(
        name=job.roster,
        header=tuple(details.header),
        visible=tuple(details.visible),
        rows=RosterRows(lambda left_out: (row for row in read() if not (left_out and left_out[row.line])), count),
        digest=digest,
        settings=details.settings,
        path=None,
        rejected=rejected or {},
        groups=groups,
        merged=merged or Merges(),
        last_line=last_line,
        text_size=0,
        gives_passwords=False,
        names_companies=bool(details.companies),
        delimiter=details.delimiter,
        encoding=details.encoding,
    )


def shard_digest(job: SubmittedJob, number: int) -> bytes:
    """Return the digest of a shard, by which its journal knows it again."""
    return sha256(job.digest + str(number).encode()).digest()


def shard_roster(job: SubmittedJob, number: int, rows: Sequence[KeptRow], passwords: Mapping[int, str]) -> Roster:
    """Return the roster of a shard.

    Args:
        job: the job.
        number: of the shard.
        rows: of the shard.
        passwords: line -> password of rows that have one.
    """

    def read() -> Iterator[Row]:
        return (
            row_of(row.line, row.data, merged_into=row.merged_into, password=passwords.get(row.line)) for row in rows
        )

    return roster_of(
        job,
        read,
        count=len(rows),
        last_line=max(row.line for row in rows),
        digest=shard_digest(job, number),
        merged=_merges(rows),
    )


def _merges(rows: Iterable[KeptRow]) -> Merges:
    followers: dict[int, list[int]] = {}
    logins: dict[int, str] = {}
    for row in rows:
        if row.merged_into is not None:
            followers.setdefault(row.merged_into, []).append(row.line)
            person = row_of(row.line, row.data).person
            logins[row.line] = "" if person is None else person.effective_login
    return Merges(followers.items(), logins)


def groups_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the names of the groups of rows, each once."""
    return tuple(dict.fromkeys(name for row in rows if row.person is not None for name in row.person.groups))
