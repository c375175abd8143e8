"""Requests per second of all workers together: slots are reserved some at a time, and used up without any exchange."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from attrs import define, field

from coggno.provisioning.errors import JournalError
from coggno.provisioning.pacing.store import PaceReport, PaceState

CHUNK: Final = 0.1  # seconds of requests that are reserved at once: what a worker that dies takes with it
_LEAD: Final = 0.05  # seconds before the last slot at which the next ones are reserved, in time for a slow database
_LATE: Final = 0.1  # seconds after which a slot that nobody wanted is lost; saved up, they would be a burst
_VALID: Final = 3.0  # seconds after an exchange in which requests may be sent
_DEFAULT_PAUSE: Final = 1.0  # seconds after a refusal without Retry-After

Slot: TypeAlias = "tuple[int, float]"
"""The refusals before it, and the moment from which on a request may be sent."""


@define
class SharedLimiter:
    """Spaces the requests of all workers evenly, together.

    Attributes:
        rate: requests per second that the caller allows; `None` for no limit.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
        wake: called when an exchange is wanted.
    """

    rate: float | None
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[Any]]
    wake: Callable[[], None]
    _state: PaceState = PaceState()  # noqa: RUF009 - frozen
    _valid_until: float = -math.inf
    _not_before: float = -math.inf
    _horizon: float = -math.inf
    """Until when slots are reserved."""
    _slots: deque[float] = field(factory=deque[float])
    _waiters: deque[asyncio.Future[Slot]] = field(factory=deque["asyncio.Future[Slot]"])
    _voided: int = 0
    """How often all slots became void."""
    _refused: tuple[float, float] | None = None
    """When the server refused a request and for how long it wants none, as long as that is not reported."""
    _debt: int = 0
    _charged: int = 0
    _accepted: int = 0
    _accepted_since: float = 0.0
    _taken: int = 0
    _counted_at: float = -math.inf
    _lately: float = 0.0
    """How many slots were taken in a tenth of a second, lately."""
    _failure: JournalError | None = None

    async def acquire(self, requests: int = 1) -> None:
        """Return when the next request may be sent.

        Args:
            requests: how many requests the call sends.

        Raises:
            JournalError: the database has been gone for too long.
        """
        while True:
            voided, begin = self._slot() or await self._next_slot()
            if (pause := begin - self.clock()) > 0:
                await self.sleep(pause)
            # After a refusal, or when this machine was asleep meanwhile, others have these slots.
            if voided == self._voided and self.clock() < self._valid_until:
                break
        self.charge(requests - 1)

    def charge(self, requests: int) -> None:
        """Count requests that were sent without `acquire`, with the next reservation."""
        if self._rate is not None:
            self._debt += max(0, requests)

    def accepted(self) -> None:
        """Note that the server has accepted a request."""
        if not self._accepted:
            self._accepted_since = self.clock()
        self._accepted += 1

    def refused(self, retry_after: float | None) -> None:
        """Note that the server has refused a request because there were too many.

        Args:
            retry_after: seconds that the server asks to wait, if it does.
        """
        now = self.clock()
        # Requests that were in progress at the first refusal are refused as well: they teach nothing new.
        if self._refused is None and now >= self._not_before:
            self._refused = now, _DEFAULT_PAUSE if retry_after is None else retry_after
            self._void()
            self.wake()

    @property
    def seconds_until_needed(self) -> float:
        """Seconds until an exchange is wanted: 0 for at once, infinity as long as nobody waits."""
        if self._refused is not None:
            return 0.0
        return max(0.0, self._horizon - _LEAD - self.clock()) if self._waiters else math.inf

    def report(self) -> PaceReport:
        """Return what is to be exchanged."""
        now = self.clock()
        return PaceReport(
            rate=self.rate,
            slots=self._wanted(now),
            accepted=self._accepted,
            accepted_for=now - self._accepted_since if self._accepted else 0.0,
            refusals=self._state.refusals,
            pause=None if self._refused is None else max(0.0, sum(self._refused) - now),
        )

    def apply(self, report: PaceReport, state: PaceState, sent_at: float) -> None:
        """Use the result of an exchange.

        Args:
            report: what was reported.
            state: the result.
            sent_at: when the exchange began.
        """
        is_news = state.refusals != self._state.refusals
        if is_news and report.pause is None:
            self._void()
        if is_news or report.pause is not None:
            self._refused = None  # reported, or met before this worker heard of the refusal of another
        self._accepted -= report.accepted
        self._accepted_since = sent_at
        now = self.clock()
        self._state, self._valid_until, self._not_before = state, sent_at + _VALID, now + state.pause
        # What was reserved before a refusal that is yet to be reported is void as well.
        if self._refused is None:
            self._reserve(report.slots, now)
            self._serve()

    def fail(self, error: JournalError) -> None:
        """Let nothing through any more."""
        self._failure = error
        self._valid_until = -math.inf
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(JournalError(*error.args))

    @property
    def _rate(self) -> float | None:
        """Requests per second of all workers; before the first exchange only the caller's limit is known."""
        return self.rate if self._state.rate is None else self._state.rate

    def _slot(self) -> Slot | None:
        """Return a slot that can be used without an exchange."""
        now = self.clock()
        if self._refused is not None or now >= self._valid_until:
            return None
        if self._rate is None:
            return self._voided, self._not_before
        while self._slots:
            begin = self._slots.popleft()
            if begin > now - _LATE:
                self._taken += 1
                return self._voided, begin
        return None

    async def _next_slot(self) -> Slot:
        if self._failure is not None:
            raise JournalError(*self._failure.args)
        waiter: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if len(self._waiters) == 1:
            self.wake()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.cancelled():
                self._give_back(waiter.result())
            raise

    def _give_back(self, slot: Slot) -> None:
        voided, begin = slot
        if self._rate is not None and voided == self._voided:
            self._slots.appendleft(begin)
            self._serve()

    def _wanted(self, now: float) -> int:
        """Return how many slots to reserve: for those who wait, and for as many as came lately."""
        if self._rate is None or not self._waiters or self._horizon - _LEAD > now:
            return 0
        if (elapsed := now - self._counted_at) >= CHUNK:
            self._lately, self._taken, self._counted_at = CHUNK * self._taken / elapsed, 0, now
        most = max(1, math.ceil(self._rate * CHUNK))
        self._charged = self._debt
        return min(most, max(len(self._waiters), round(self._lately))) + self._charged

    def _reserve(self, slots: int, now: float) -> None:
        if not slots:
            return
        first, step = now + self._state.first, self._state.step
        self._slots.extend(first + step * index for index in range(slots - self._charged))
        self._debt -= self._charged
        self._horizon = first + step * slots

    def _serve(self) -> None:
        while self._waiters:
            if self._waiters[0].done():
                self._waiters.popleft()
            elif (slot := self._slot()) is not None:
                self._waiters.popleft().set_result(slot)
            else:
                break

    def _void(self) -> None:
        self._voided += 1
        self._slots.clear()
        self._horizon = -math.inf
