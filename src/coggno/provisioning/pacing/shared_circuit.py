"""Whether the API works, as far as any worker knows: what one finds out stops all, and one control read is for all."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import define, evolve, field

from coggno.provisioning.pacing.circuit import Circuit
from coggno.provisioning.pacing.store import PaceReport, PaceState

_POLL: Final = 1.0  # seconds after which a worker that waits checks whether another one has closed the circuit


@define
class SharedCircuit:
    """Opens when a worker finds that the API does not work, and closes for all when one control read succeeds.

    Attributes:
        clock: seconds that only grow.
        wake: called when an exchange is wanted.
    """

    clock: Callable[[], float]
    wake: Callable[[], None]
    _own: Circuit = field(init=False)
    """Counts the failures of this worker."""
    _state: PaceState = PaceState()  # noqa: RUF009 - frozen
    _probe_at: float = math.inf
    _volunteers: list[asyncio.Future[bool]] = field(factory=list["asyncio.Future[bool]"])
    _is_probing: bool = False
    _verdict: bool | None = None
    """Whether a control read has succeeded, as long as that is not reported."""
    _progress_at: float = field(init=False)
    """The progress that was reported last."""
    _is_urgent: bool = False

    def __attrs_post_init__(self) -> None:
        self._own = Circuit(self.clock)
        self._progress_at = self._own.last_progress

    @property
    def is_open(self) -> bool:
        """Whether nothing may be sent but control reads."""
        return self._verdict is not True and (self._state.is_open or self._own.is_open)

    @property
    def has_just_failed(self) -> bool:
        """Whether the last call of this run failed for a reason that is no row's fault."""
        return self._own.has_just_failed

    @property
    def last_progress(self) -> float:
        """When this run has finished a row or a group last."""
        return self._own.last_progress

    @property
    def seconds_without_progress(self) -> float:
        """How long this run has finished nothing."""
        return self._own.seconds_without_progress

    def succeeded(self) -> None:
        """Note that a call got a response that only a working API gives."""
        self._own.succeeded()

    def progressed(self) -> None:
        """Note that a row or a group was finished."""
        self._own.progressed()

    def failed(self) -> None:
        """Note a failure that is no row's fault."""
        was_open, had_failed = self._own.is_open, self._own.has_just_failed
        self._own.failed()
        # At the first failure already: another worker may have opened the circuit a moment ago.
        if not had_failed or self._own.is_open != was_open:
            self._want_exchange()

    async def begin_probe(self, pause: Callable[[float], Awaitable[Any]]) -> bool:
        """Wait for the next control read, a second or until it is due, and return whether this worker sends it.

        Args:
            pause: waits for so many seconds, or until the run is stopped.
        """
        # As long as it is not known when it is due, the exchange below finds that out.
        if math.isfinite(self._probe_at):
            await pause(max(0.0, min(_POLL, self._probe_at - self.clock())))
            if not self.is_open or self.clock() < self._probe_at:
                return False
        volunteer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._volunteers.append(volunteer)
        self._want_exchange()
        try:
            return await volunteer
        except asyncio.CancelledError:
            if volunteer.done() and not volunteer.cancelled() and volunteer.result():
                self.probe_failed()
            raise

    def close(self) -> None:
        """Note that a control read succeeded."""
        self._own.close()
        self._end_probe(is_working=True)

    def probe_failed(self) -> None:
        """Note that a control read failed, or was not sent after all."""
        self._end_probe(is_working=False)

    @property
    def seconds_until_needed(self) -> float:
        """Seconds until an exchange is wanted: 0 for at once, infinity if there is nothing new."""
        return 0.0 if self._is_urgent else math.inf

    def add_to(self, report: PaceReport) -> PaceReport:
        """Return a report with what concerns the circuit."""
        self._is_urgent = False
        return evolve(
            report,
            has_progress=self._own.last_progress > self._progress_at,
            closings=self._state.closings,
            opens=self._own.is_open and not self._state.is_open,
            closes=self._verdict is True,
            gives_up=self._verdict is False,
            wants_probe=bool(self._volunteers),
            is_probing=self._is_probing,
        )

    def apply(self, report: PaceReport, state: PaceState) -> None:
        """Use the result of an exchange.

        Args:
            report: what was reported.
            state: the result.
        """
        if report.has_progress:
            self._progress_at = self._own.last_progress
        if report.closes or report.gives_up:
            self._verdict = None
        if state.closings != self._state.closings or (report.opens and not state.is_open):
            # What was counted before the API was found to work would open it again at the first failure.
            self._own.close()
        self._state = state
        self._probe_at = self.clock() + state.next_probe if state.is_open else math.inf
        if report.wants_probe:
            self._choose(may_probe=state.may_probe)

    def release(self) -> None:
        """Let those who wait for a control read go on; there will be none."""
        self._choose(may_probe=False)

    def _choose(self, *, may_probe: bool) -> None:
        """Let the first of those who would send the control read do so, if this worker may."""
        for volunteer in self._volunteers:
            if not volunteer.done():
                volunteer.set_result(may_probe)
                self._is_probing = self._is_probing or may_probe
                may_probe = False
        self._volunteers.clear()
        if may_probe:
            self.probe_failed()  # all were cancelled meanwhile

    def _end_probe(self, *, is_working: bool) -> None:
        self._is_probing = False
        self._verdict = is_working
        self._want_exchange()

    def _want_exchange(self) -> None:
        self._is_urgent = True
        self.wake()
