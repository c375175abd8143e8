"""What is known of a submitted job: as it is kept, and as it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from coggno.provisioning.journal import Holder, JournalScope
from coggno.provisioning.outcomes import AS_WANTED, RowOutcome, Waiting

FORMAT: Final = 1
"""Of what a job keeps of its roster and options. A worker leaves jobs of a later one alone."""


class JobPhase(StrEnum):
    """How far a job is.

    `submitted`: no worker has begun it. `running`: a worker carries it out. `stopped`: it was begun, and no worker
    carries it out now. `finished`: every row has its outcome. `cancelled`: no more of it is carried out.
    """

    SUBMITTED = "submitted"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class JobDetails:
    """What a worker needs to know of a job, besides its rows; values as JSON has them.

    Attributes:
        options: concurrency, rate, patience and settle time, by their names in `RunOptions`.
        makes_passwords: whether a password is generated for a new user whose row has none.
        header: names of all columns of the roster.
        visible: indexes of the columns that results may show.
        delimiter: of a CSV file.
        encoding: of the roster.
        rejected: how many rows the check has refused, by outcome.
        companies: company as the roster names it -> its id; `None` where the client acts for it.
        settings: how the roster was read.
    """

    options: Mapping[str, Any] = field(factory=dict[str, Any])
    makes_passwords: bool = False
    header: Sequence[str] = ()
    visible: Sequence[int] = ()
    delimiter: str | None = None
    encoding: str = "utf-8"
    rejected: Mapping[str, int] = field(factory=dict[str, int])
    companies: Mapping[str, int | None] = field(factory=dict[str, int | None])
    settings: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen(kw_only=True)
class SubmittedJob:
    """A job as it is kept.

    Attributes:
        id: its number in the database.
        name: of the job, and of the journal that its planning holds.
        journal: number of that journal.
        format: see `FORMAT`.
        scope: where its requests go.
        roster: name of the roster.
        digest: of what the roster asks for.
        details: everything else that a worker needs.
        rows: how many rows the roster has.
        shards: how many parts it is carried out in.
        salt: of the key that seals its passwords.
        submitted: when it was submitted, in seconds since the epoch.
        begun: when a worker has begun it; `None` if none has.
        planned: when what exists was read; `None` if it was not.
        cancelled: when it was cancelled; `None` if it was not.
        finished: when its last row ended; `None` if not all have.
    """

    id: int
    name: str
    journal: int
    format: int
    scope: JournalScope
    roster: str
    digest: bytes
    details: JobDetails
    rows: int
    shards: int
    salt: bytes
    submitted: float
    begun: float | None
    planned: float | None
    cancelled: float | None
    finished: float | None


@frozen(kw_only=True)
class ShardStatus:
    """How far a part of a job is, which one worker at a time carries out.

    Attributes:
        number: from 1 on.
        rows: how many rows it has.
        counts: how many of them have ended, by outcome.
        finished: when its last row ended, in seconds since the epoch; `None` if not all have.
        worker: the process that carries it out now, if there is one.
        waiting: since when that waits, and for what; `None` while it does not.
    """

    number: int
    rows: int
    counts: Mapping[RowOutcome, int]
    finished: float | None = None
    worker: Holder | None = None
    waiting: Waiting | None = None

    @property
    def done(self) -> int:
        """How many rows have ended."""
        return sum(self.counts.values())


@frozen(kw_only=True)
class JobStatus:
    """How far a job is, at one moment.

    Attributes:
        name: of the job.
        state: how far it is.
        roster: name of the roster.
        scope: where its requests go.
        rows: how many rows the roster has.
        counts: how many rows have ended, by outcome; those that the check has refused are among them.
        shards: its parts, in the order of the rows.
        workers: the processes that carry it out now.
        submitted: when it was submitted, in seconds since the epoch.
        begun: when a worker has begun it; `None` if none has.
        finished: when it was finished or cancelled; `None` while it is neither.
        waiting: since when a worker waits, and for what; `None` if none waits.
        is_new: whether it was submitted by the call that returned this, and not before.
    """

    name: str
    state: JobPhase
    roster: str
    scope: JournalScope
    rows: int
    counts: Mapping[RowOutcome, int]
    shards: Sequence[ShardStatus] = field(repr=False)
    workers: Sequence[Holder]
    submitted: float
    begun: float | None = None
    finished: float | None = None
    waiting: Waiting | None = None
    is_new: bool = False

    @property
    def done(self) -> int:
        """How many rows have ended."""
        return sum(self.counts.values())

    @property
    def not_as_wanted(self) -> int:
        """How many of the rows that have ended need attention."""
        return sum(count for outcome, count in self.counts.items() if outcome not in AS_WANTED)
