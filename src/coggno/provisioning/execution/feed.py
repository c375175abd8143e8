"""What a run has to do, row by row in windows, so that its memory does not grow with the roster."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice
from typing import Final

from attrs import define

from coggno.errors import CoggnoError
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.planning import Plan, PlannedRow
from coggno.provisioning.planning.counts import PlanCounts
from coggno.provisioning.planning.earlier import EarlierWrites
from coggno.provisioning.requests import StopSignal

_WINDOW: Final = 500  # rows; their passwords are on the disk, with one flush, before the first of them is begun


@define
class RowFeed:
    """Reads the steps of a plan.

    Attributes:
        plan: what is to be done.
        passwords: where passwords are generated for new users whose row has none.
        signal: ends the run early.
    """

    plan: Plan
    passwords: PasswordFile | None
    signal: StopSignal

    @property
    def counts(self) -> PlanCounts:
        """What there is to do."""
        return self.plan.counts(makes_passwords=self.passwords is not None)

    @property
    def earlier_writes(self) -> EarlierWrites:
        """Writes of earlier runs whose row is not finished."""
        return self.plan.earlier.writes if self.plan.earlier is not None else EarlierWrites()

    async def decided(self) -> AsyncGenerator[RowResult]:
        """Yield the results that are known before anything is sent."""
        for result in self.plan.roster.rejections():
            yield result
        if self.counts.decided:
            for step in self._steps():
                if isinstance(step, RowResult):
                    yield step

    def begin(self) -> None:
        """Have the passwords of the first rows on the disk before anything is sent: a full disk changes nothing."""
        if self.passwords is not None and self.counts.planned:
            planned = (step for step in self._steps() if isinstance(step, PlannedRow))
            self._generate_passwords([*islice(planned, _WINDOW)])

    async def planned(self) -> AsyncGenerator[Sequence[PlannedRow]]:
        """Yield what is to be done, in windows; the passwords of a window are on the disk when it is yielded."""
        if not self.counts.planned:
            return
        steps = self._steps()
        while window := [*islice(steps, _WINDOW)]:
            planned = [step for step in window if isinstance(step, PlannedRow)]
            self._generate_passwords(planned)
            yield planned

    def done_earlier(self) -> Iterator[RowResult]:
        """Yield the results of the rows that earlier runs have done, as far as they are known."""
        earlier = self.plan.earlier
        if earlier is not None and earlier.done:
            yield from (earlier.result(row) for row in self.plan.roster.accepted if earlier.is_done(row.line))

    def not_attempted(self, reason: str) -> Iterator[RowResult]:
        """Yield for every accepted row the result that it has if nothing was done for it.

        Args:
            reason: why not.
        """
        for step in self._steps():
            if isinstance(step, RowResult):
                yield step
            else:
                detail = f"not attempted: {reason}"
                yield step.row.result(RowOutcome.FAILED, detail, user_id=step.user_id, not_attempted=True)

    def _steps(self) -> Iterator[PlannedRow | RowResult]:
        return self.plan.steps(makes_passwords=self.passwords is not None)

    def _generate_passwords(self, planned: Sequence[PlannedRow]) -> None:
        if self.passwords is None or self.signal.reason is not None:
            return
        try:
            for step in planned:
                if step.lacks_password and step.row.person is not None:
                    self.passwords.password_for(step.row.person)
            self.passwords.sync()
        except (OSError, CoggnoError) as error:
            self.signal.stop(str(error).rstrip("."))
