"""The way of every request of a run: not in an outage, not too fast, not too many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Final

from attrs import define, field

from coggno.errors import AuthenticationError, NotFoundError, PermissionDeniedError, RateLimitError
from coggno.provisioning.errors import JournalError
from coggno.provisioning.outcomes import Waiting
from coggno.provisioning.pacing import AdaptiveLimit, CircuitBreaker, Limiter
from coggno.provisioning.requests.failures import is_outage, reason_of
from coggno.provisioning.requests.stop_signal import HeldError, StopSignal

_HESITATION: Final = 0.1  # seconds after a failure before something new begins
_SLICE: Final = 1.0  # seconds; a pause is slept in slices, so that a stop is noticed soon


@define
class Gate:
    """Lets requests through, and learns from what becomes of them.

    Attributes:
        control_read: sends a request that only a working API responds to.
        signal: ends the run early.
        limiter: limits the rate.
        limit: limits how many are in progress.
        circuit: knows whether the API works.
        patience: seconds without progress after which the run is stopped.
        sleep: waits for so many seconds.
        waiting: since when the run waits for the API, and why; `None` while it does not.
    """

    control_read: Callable[[], Awaitable[Any]]
    signal: StopSignal
    limiter: Limiter
    limit: AdaptiveLimit
    circuit: CircuitBreaker
    patience: float
    sleep: Callable[[float], Awaitable[Any]]
    waiting: Waiting | None = None
    _probing: asyncio.Lock = field(factory=asyncio.Lock)
    _last_failure: Exception | None = None

    def request(self, requests: int = 1, *, is_first: bool = False) -> AbstractAsyncContextManager[None]:
        """Wait until a request may be sent; what becomes of it in the context is noted.

        Args:
            requests: how many requests the call sends.
            is_first: whether it begins something, which is held back after a stop.

        Raises:
            HeldError: the run was stopped before, or the database that paces it is gone.
        """
        return GatePassage(self, requests, is_first=is_first)

    async def enter(self, requests: int, *, is_first: bool) -> None:
        """Wait until a request may be sent; see `request`. Call `leave` when it has ended."""
        if is_first and self.circuit.has_just_failed:
            # In an outage the requests in progress fail at the same time: nothing new need run into it.
            await self.pause(_HESITATION)
        await self._wait_for_api()
        # The slot first: after a refusal nothing may leave that has passed the limiter before.
        await self.limit.acquire()
        try:
            await self._wait_for_turn(requests)
            self._check_not_held(is_first=is_first)
        except BaseException:
            self.limit.release()
            raise

    def leave(self, error: BaseException | None, began: float) -> None:
        """Note what became of a request.

        Args:
            error: what it ended with, if it failed or was cancelled.
            began: when it was sent.
        """
        try:
            if error is None:
                self.limiter.accepted()
                self.circuit.succeeded()
                self.limit.succeeded(self.limit.clock() - began)
            elif isinstance(error, Exception):
                self._failed(error)
        finally:
            self.limit.release()

    async def _wait_for_turn(self, requests: int) -> None:
        await self._acquire(requests)
        while self._must_wait():
            # An outage has begun while this request waited for its turn; the turn is long over after it.
            await self._wait_for_api()
            await self._acquire(requests)

    def _check_not_held(self, *, is_first: bool) -> None:
        if is_first and self.signal.reason is not None:
            raise HeldError

    async def _acquire(self, requests: int) -> None:
        try:
            await self.limiter.acquire(requests)
        except JournalError as error:
            self.signal.stop(str(error).rstrip("."))
            raise HeldError from error

    def _failed(self, error: Exception) -> None:
        if isinstance(error, RateLimitError):
            asked = error.retry_after.total_seconds() if error.retry_after is not None else None
            self.limiter.refused(asked)
            self.limit.overloaded()
            if asked is not None and asked > self.patience:
                self.signal.stop(f"Coggno asks to wait {asked:.0f} seconds before the next request")
        elif isinstance(error, AuthenticationError | PermissionDeniedError):
            self.signal.stop(f"the API refused the key ({error.message}); check the key")
        elif is_outage(error):
            self._last_failure = error
            self.limit.overloaded()
            self.circuit.failed()
        elif not isinstance(error, NotFoundError):
            # A 404 may come from a proxy in front of an API that is down: only a control read tells.
            self.limiter.accepted()
            self.circuit.succeeded()

    async def _wait_for_api(self) -> None:
        while self._must_wait():
            async with self._probing:  # one control read for all that wait
                if self._must_wait():
                    await self._probe()

    def _must_wait(self) -> bool:
        return self.circuit.is_open and self.signal.reason is None

    async def _probe(self) -> None:
        self.waiting = self.waiting or Waiting(since=time.time(), reason="Coggno to respond again")
        if await self.circuit.begin_probe(self.pause):
            await self._send_probe()
        if not self.circuit.is_open:  # closed by this control read, or by that of another worker
            self.waiting = None
            self.limit.restart()
        elif self.signal.reason is None:
            self.check_patience(self._last_failure)

    async def _send_probe(self) -> None:
        is_closed = False
        try:
            if self.signal.reason is None:
                await self.control_read()
                is_closed = True
        except Exception as error:  # noqa: BLE001 - a defect keeps the circuit open like any other failure
            self._note_probe(error)
        finally:
            # Also after a cancellation: the other workers must not wait for this control read.
            (self.circuit.close if is_closed else self.circuit.probe_failed)()

    def _note_probe(self, error: Exception) -> None:
        if isinstance(error, AuthenticationError | PermissionDeniedError | RateLimitError):
            self._failed(error)
        else:
            self._last_failure = error

    def check_patience(self, error: Exception | None) -> None:
        """Stop the run if nothing was finished for too long.

        Args:
            error: the last failure, for the message.
        """
        seconds = self.circuit.seconds_without_progress
        if seconds >= self.patience:
            self.signal.stop(
                f"no row could be finished for {_duration(seconds)} ({reason_of(error) if error else 'unknown'})"
            )

    async def pause(self, seconds: float) -> None:
        """Wait for so many seconds, or until the run is stopped."""
        end = self.limit.clock() + seconds
        while self.signal.reason is None and (left := end - self.limit.clock()) > 0:
            await self.sleep(min(_SLICE, left))


class GatePassage(AbstractAsyncContextManager[None]):
    """One request on its way through the gate.

    A class and not `contextlib.asynccontextmanager`, which takes longer than the gate: every row has one.
    """

    __slots__ = ("_began", "_gate", "_is_first", "_requests")

    def __init__(self, gate: Gate, requests: int, *, is_first: bool) -> None:
        self._gate = gate
        self._requests = requests
        self._is_first = is_first

    async def __aenter__(self) -> None:
        await self._gate.enter(self._requests, is_first=self._is_first)
        self._began = self._gate.limit.clock()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._gate.leave(error, self._began)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
