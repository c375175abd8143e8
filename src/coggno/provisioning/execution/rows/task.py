"""One row in progress, from its first request to its result.

A row that fails for a reason that waiting can cure is run again later, and goes on where it was: with a check first
where a write is in doubt.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field

from coggno.errors import RateLimitError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.rows.creation import UserCreation
from coggno.provisioning.execution.rows.membership import MembershipAdding
from coggno.provisioning.execution.rows.requests import RowRequests
from coggno.provisioning.execution.rows.state import RowState
from coggno.provisioning.outcomes import FOUND_OUT, RowOutcome, RowResult
from coggno.provisioning.requests.failures import NotVisibleYetError, is_curable, reason_of
from coggno.provisioning.requests.stop_signal import HeldError

_TRIES: Final = 20  # of one row; what fails so often while other rows succeed is the trouble of this row
_FIRST_PAUSE: Final = 0.5  # seconds before a row is tried again
_AT_RANDOM: Final = 5  # failures of one row that are no sign of a trouble of its own
_LONGEST_PAUSE: Final = 5.0  # seconds before a row is tried again: twenty tries last longer than reads may lag


@define
class RowTask:
    """Carries out what is planned for one row.

    Attributes:
        context: what all rows share.
        state: what is known of the row.
        failures: how often in a row it was put back while no other row was finished.
        tries: failures while other rows were finished: those of an outage do not count.
        was_reopened: whether this is the last check, at the end of the run.
    """

    context: RunContext
    state: RowState
    failures: int = 0
    tries: int = 0
    was_reopened: bool = False
    _failed_at: float = float("-inf")
    _creation: UserCreation = field(init=False)
    _adding: MembershipAdding = field(init=False)

    def __attrs_post_init__(self) -> None:
        requests = RowRequests(self.context, self.state)
        self._creation = UserCreation(self.context, self.state, requests)
        self._adding = MembershipAdding(self.context, self.state, requests)

    async def run(self) -> RowResult | None:
        """Do what is left to do.

        Returns:
            What became of the row, or `None` if it is to be run again after `pause` seconds.
        """
        try:
            return await self._carry_out()
        except HeldError:
            return self.cut_off()
        except Exception as error:  # noqa: BLE001 - whatever it is, other rows go on and this one is reported
            self.state.error = error
            return None if self._may_try_again(error) else self._failed(error)

    @property
    def pause(self) -> float:
        """Seconds until the row is to be run again, unless its last failure says otherwise.

        0.5, as long as other rows are finished meanwhile: failures that come at random are not waited for. From the
        sixth on, or where nothing is finished, 1, 2, 4, 5, 5 ...
        """
        error = self.state.error
        if isinstance(error, NotVisibleYetError) and error.pause is not None:
            return error.pause
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** max(0, self.failures - 1, self.tries - _AT_RANDOM))

    @property
    def has_given_up(self) -> bool:
        """Whether the row ended because it had failed too often."""
        return self.tries >= _TRIES

    def reopen(self) -> None:
        """Let the row be run once more, at the end of the run: what it has written may have arrived late."""
        self.tries = _TRIES - 1
        self.was_reopened = True

    def cut_off(self, reason: str | None = None) -> RowResult:
        """Return what is known of the row when its requests were ended from outside.

        Args:
            reason: why; that of the run if not given.
        """
        state = self.state
        reason = reason or self.context.signal.reason or "the run was cancelled"
        done = state.done_so_far()
        outcome, action, hint = state.verdict()
        if state.error is not None:
            failure = self._failure(state.error)
            # The run may have stopped because of the same failure.
            why = reason.replace(f" ({failure})", "")
            tried = f"{action} failed: {failure}; not tried again: {why}"
            return state.result(outcome, f"{done}{tried}{hint}")
        if outcome is RowOutcome.UNKNOWN:
            return state.result(outcome, f"{done}{action} was interrupted: {reason}{hint}")
        if done:
            return state.result(RowOutcome.FAILED, f"{done}the rest was not attempted: {reason}")
        return state.result(RowOutcome.FAILED, f"not attempted: {reason}", not_attempted=True)

    def _may_try_again(self, error: Exception) -> bool:
        if self.context.signal.reason is not None or not is_curable(error):
            return False
        is_progress = self.context.gate.circuit.last_progress > self._failed_at
        is_expected = isinstance(error, NotVisibleYetError) and error.is_expected
        if not (is_expected or isinstance(error, RateLimitError)):
            self.failures = 1 if is_progress else self.failures + 1
        if not is_expected:
            # As long as no row can be finished, the fault is not this one's: the run's patience is the limit then.
            self.tries += is_progress or self.was_reopened or isinstance(error, NotVisibleYetError)
        self._failed_at = self.context.clock()
        return not self.has_given_up

    async def _carry_out(self) -> RowResult:
        state = self.state
        # A write that is in doubt since the last try is checked before anything is written again.
        state.must_check_groups = state.must_check_groups or bool(state.doubt)
        if state.user_id is None:
            self._creation.is_last_try = self.tries >= _TRIES - 1
            ended = await self._creation.run()
            if ended is not None:
                return ended
        await self._adding.run()
        return self._done()

    def _done(self) -> RowResult:
        state = self.state
        if state.was_created:
            return state.result(RowOutcome.CREATED, FOUND_OUT if state.is_inferred else "")
        meanwhile = "created by somebody else in the meantime" if state.planned.user_id is None else ""
        if not state.added:
            return state.result(RowOutcome.EXISTS, meanwhile)
        joined = f"added to {', '.join(state.added)}"
        return state.result(RowOutcome.JOINED, f"{meanwhile}; {joined}" if meanwhile else joined)

    def _failed(self, error: Exception) -> RowResult:
        outcome, action, hint = self.state.verdict()
        return self.state.result(outcome, f"{self.state.done_so_far()}{action} failed: {self._failure(error)}{hint}")

    def _failure(self, error: Exception) -> str:
        # While a write is in doubt, the last error may be that of a check: a 404 is no reason why a creation failed.
        return self.state.doubt.reason or reason_of(error)
