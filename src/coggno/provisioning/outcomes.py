"""What became of a row: a closed set of outcomes, their sum, and the errors of this room. Leaf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import define, field, frozen

from coggno.errors import CoggnoError


class RowOutcome(StrEnum):
    """Where a row ended; every row ends in exactly one."""

    CREATED = "created"
    EXISTS = "exists"
    JOINED = "joined"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REGISTERED_ELSEWHERE = "registered_elsewhere"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


AS_WANTED: Final = frozenset(
    {
        RowOutcome.CREATED,
        RowOutcome.EXISTS,
        RowOutcome.JOINED,
        RowOutcome.DUPLICATE,
    }
)


@frozen(kw_only=True)
class RowResult:
    """What became of one row.

    Attributes:
        line: the row's line in the file, the header being line 1; from code, the number of the row, from 1 on.
        login: the row's key, for messages.
        outcome: where the row ended.
        user_id: the user's id, where it is known.
        detail: what a person needs to know, in a sentence; empty where the outcome says it all.
        inferred: whether the outcome was found out by looking rather than told by the answer.
    """

    line: int
    login: str
    outcome: RowOutcome
    user_id: int | None = None
    detail: str = ""
    inferred: bool = False

    @property
    def is_as_wanted(self) -> bool:
        """Whether the row needs no further care."""
        return self.outcome in AS_WANTED


@frozen(kw_only=True)
class Progress:
    """How far a run is, at one moment.

    Attributes:
        total: rows of the roster.
        done: rows that have their outcome.
        counts: how many of each outcome.
    """

    total: int
    done: int
    counts: Mapping[RowOutcome, int]


@define
class Summary:
    """Counts of outcomes; their sum is the number of rows seen.

    Attributes:
        counts: how many of each outcome.
        seconds: how long the run took.
        stopped: why the run ended early, if it did.
    """

    counts: Counter[RowOutcome] = field(factory=Counter[RowOutcome])
    seconds: float = 0.0
    stopped: str | None = None

    def add(self, result: RowResult) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1

    @property
    def rows(self) -> int:
        """How many rows have ended."""
        return self.counts.total()

    @property
    def rows_per_second(self) -> float:
        """How fast the run was; 0 if nothing is known of its time."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def not_as_wanted(self) -> int:
        """How many rows need care."""
        return sum(count for outcome, count in self.counts.items() if outcome not in AS_WANTED)

    def exit_code(self, *, forgiven: int = 0) -> int:
        """Return 0 if every row is as wanted, 1 if some are not, 3 if the run stopped early.

        Args:
            forgiven: how many rows that are not as wanted do not count, such as those that were refused by the check.
        """
        if self.stopped is not None:
            return 3
        return 0 if self.not_as_wanted == forgiven else 1


class RosterError(CoggnoError, ValueError):
    """A roster, or a file beside it, that cannot be used; the message says where and what to do. Nothing was sent.

    Attributes:
        line: the line that is wrong, from 1 on, where there is one.
        column: where in that line, from 1 on, where it is known: bytes, as text editors count ASCII.
    """

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class StoppedError(CoggnoError):
    """A run that ended early. What was done is done; run the same roster again to go on.

    Attributes:
        reason: why, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"stopped early: {reason}. Nothing is lost: run the same roster again to go on")
        self.reason = reason
