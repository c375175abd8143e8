"""What is known of one row in progress, at every moment. No requests."""

from __future__ import annotations

from typing import Final

from attrs import define, field

from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning import PlannedRow
from coggno.provisioning.roster import Person

_HINT: Final = ". It may have happened; run the row again to find out"


@define
class Doubt:
    """A write of a row whose response was lost, until a response or a check has shown what became of it.

    Attributes:
        action: what the write does, for messages; empty while nothing is in doubt.
        reason: what the request ended with; empty if it was cut off.
        not_before: when the write may be sent again, on the run's clock: until then the server may still be at it.
        absences: how many checks in a row have not found what it does.
    """

    action: str = ""
    reason: str = ""
    not_before: float = float("-inf")
    absences: int = 0

    def __bool__(self) -> bool:
        return bool(self.action)

    def clear(self) -> None:
        """Note that it is known what became of the write."""
        self.action, self.reason, self.not_before, self.absences = "", "", float("-inf"), 0


@define
class RowState:
    """What is known of one row in progress.

    Attributes:
        planned: what to do.
        person: the user whom the row asks for.
        user_id: the id of the user on the server, once known.
        action: what the request in progress does, for messages.
        has_begun: whether a request was sent for the row.
        was_created: whether the run has created the user.
        may_be_created: whether a request of ours may have created the user unseen.
        must_check_groups: whether the user may be in some of the groups already.
        is_inferred: whether a response was lost, and a check has shown what became of the request.
        joined: the groups that the user is in.
        added: those that the user was added to after its creation.
        doubt: the last write, if it may have happened and nothing has confirmed it.
        error: the failure that ended the last try, if one did.
    """

    planned: PlannedRow
    person: Person
    user_id: int | None = None
    action: str = ""
    has_begun: bool = False
    was_created: bool = False
    may_be_created: bool = False
    must_check_groups: bool = False
    is_inferred: bool = False
    joined: set[str] = field(factory=set[str])
    added: list[str] = field(factory=list[str])
    doubt: Doubt = field(factory=Doubt)
    error: Exception | None = None

    def verdict(self) -> tuple[RowOutcome, str, str]:
        """Return outcome, action and hint of a row that did not get to its end."""
        if self.doubt or (self.may_be_created and self.user_id is None):
            return RowOutcome.UNKNOWN, self.doubt.action or self.action, _HINT
        return RowOutcome.FAILED, self.action, ""

    def done_so_far(self) -> str:
        """Return what was done before it went wrong, as the beginning of a sentence."""
        done = ["the user was created"] if self.was_created else []
        done += [f"added to {', '.join(self.added)}"] if self.added else []
        return f"{' and '.join(done)}, but " if done else ""

    def result(self, outcome: RowOutcome, detail: str, *, not_attempted: bool = False) -> RowResult:
        """Return a result of the row, as it is now."""
        return self.planned.row.result(
            outcome,
            detail,
            user_id=self.user_id,
            inferred=self.is_inferred,
            not_attempted=not_attempted,
        )
