"""What became of a row: a closed set of outcomes, and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import define, field, frozen


class RowOutcome(StrEnum):
    """How a row ended; every row has exactly one outcome."""

    CREATED = "created"
    EXISTS = "exists"
    JOINED = "joined"
    LEFT = "left"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REGISTERED_ELSEWHERE = "registered_elsewhere"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RunStatus(StrEnum):
    """How a run as a whole ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"


AS_WANTED: Final = frozenset(
    {
        RowOutcome.CREATED,
        RowOutcome.EXISTS,
        RowOutcome.JOINED,
        RowOutcome.LEFT,
        RowOutcome.DELETED,
        RowOutcome.UNCHANGED,
        RowOutcome.DUPLICATE,
    }
)

FOUND_OUT: Final = "a response was lost; a check found that the request was carried out"
"""The detail of a result that is `inferred`."""


@frozen(kw_only=True)
class RowResult:
    """What became of one row.

    Attributes:
        line: the row's line in the file, the header being line 1; from code, the number of the row, from 1 on; 0 for
            somebody who is in no row, and was removed or deleted because of that.
        login: the login that the row asks for.
        outcome: how the row ended.
        user_id: the user's id, where it is known.
        detail: what a person needs to know, in a sentence; empty where the outcome says it all.
        inferred: whether a response was lost, and the outcome was found out by a check.
        not_attempted: whether nothing was sent for the row, as the run stopped before it got to it.
    """

    line: int
    login: str
    outcome: RowOutcome
    user_id: int | None = None
    detail: str = ""
    inferred: bool = False
    not_attempted: bool = False

    @property
    def is_as_wanted(self) -> bool:
        """Whether the user is as the row asks for."""
        return self.outcome in AS_WANTED


@frozen(kw_only=True)
class Waiting:
    """A run that waits for the API instead of giving up.

    Attributes:
        since: when it began to wait, in seconds since the epoch.
        reason: what it waits for, in a few words.
    """

    since: float
    reason: str


@frozen(kw_only=True)
class Progress:
    """How far a run is, at one moment.

    Attributes:
        total: rows of the roster.
        done: rows that have their outcome.
        counts: how many of each outcome.
        waiting: since when the run waits for the API, and why; `None` while it does not.
        removed: how many results there are of people who are in no row; `counts` has none of these.
    """

    total: int
    done: int
    counts: Mapping[RowOutcome, int]
    waiting: Waiting | None = None
    removed: int = 0


@define
class Summary:
    """Counts of outcomes; their sum is the number of results added.

    Attributes:
        counts: how many of each outcome.
        not_attempted: how many of the failed rows were not attempted.
        seconds: how long the run took.
        stopped: why the run ended early, if it did.
    """

    counts: Counter[RowOutcome] = field(factory=Counter[RowOutcome])
    not_attempted: int = 0
    seconds: float = 0.0
    stopped: str | None = None

    def add(self, result: RowResult) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        self.not_attempted += result.not_attempted

    @property
    def rows(self) -> int:
        """How many results were added."""
        return self.counts.total()

    @property
    def rows_per_second(self) -> float:
        """How fast the run was; 0 if its duration is not known."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def not_as_wanted(self) -> int:
        """How many rows need attention."""
        return sum(count for outcome, count in self.counts.items() if outcome not in AS_WANTED)

    def status(self, *, forgiven: int = 0) -> RunStatus:
        """Return whether the run stopped early, and if not, whether every row is as wanted.

        Args:
            forgiven: how many rows that are not as wanted do not count, such as those that the check has refused.
        """
        if self.stopped is not None:
            return RunStatus.STOPPED
        return RunStatus.COMPLETE if self.not_as_wanted == forgiven else RunStatus.INCOMPLETE
