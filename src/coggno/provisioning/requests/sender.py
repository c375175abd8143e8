"""Sends the requests of a plan or a run through one gate, and repeats reads until the API responds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, TypeVar

from attrs import define

from coggno._generated import operations
from coggno.errors import APIError, NotFoundError
from coggno.provisioning.client import CallResult, ProvisioningClient
from coggno.provisioning.errors import StoppedError
from coggno.provisioning.options import RunOptions
from coggno.provisioning.pacing import AdaptiveLimit, Circuit, RateLimiter, SharedPace
from coggno.provisioning.requests.failures import OutageError, is_curable
from coggno.provisioning.requests.gate import Gate
from coggno.provisioning.requests.stop_signal import HeldError, StopSignal

T = TypeVar("T")
Clock: TypeAlias = Callable[[], float]
Sleep: TypeAlias = Callable[[float], Awaitable[Any]]
_FIRST_TRIES: Final = 2  # failures to connect at all, after which nobody waits any more
_LONGEST_PAUSE: Final = 30.0  # seconds between two tries of a read


@define
class Sender:
    """Sends requests through one gate.

    Attributes:
        client: sends them, each once: who calls repeats them.
        gate: lets them through.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
        signal: ends the run early.
        was_reached: whether the API has ever responded.
    """

    client: ProvisioningClient
    gate: Gate
    clock: Clock
    sleep: Sleep
    signal: StopSignal
    was_reached: bool = False

    @classmethod
    def of(
        cls,
        client: ProvisioningClient,
        options: RunOptions,
        *,
        clock: Clock,
        sleep: Sleep,
        pace: SharedPace | None = None,
    ) -> Sender:
        """Return what sends the requests of a run with `options`.

        Args:
            client: sends them.
            options: how the run proceeds.
            clock: seconds that only grow.
            sleep: waits for so many seconds.
            pace: what all workers share; if not given, that of the journal, if it has one.
        """
        signal, journal = StopSignal(), options.journal
        if pace is None and journal is not None:
            pace = journal.pace(client.base_url, client.account, options.rate, clock=clock, sleep=sleep)
        gate = Gate(
            control_read=lambda: client.call(operations.list_groups),
            signal=signal,
            limiter=pace.limiter if pace else RateLimiter(options.rate, clock, sleep),
            limit=AdaptiveLimit(options.concurrency, clock),
            circuit=pace.circuit if pace else Circuit(clock),
            patience=options.patience,
            sleep=sleep,
        )
        return cls(client, gate, clock, sleep, signal)

    async def send(self, call: Callable[[], Awaitable[CallResult[T]]], *, is_first: bool = False) -> CallResult[T]:
        """Make a call when the gate lets it through.

        Args:
            call: sends it.
            is_first: whether it begins something, which is held back after a stop.

        Raises:
            HeldError: the run was stopped before.
            APIError: the call failed.
        """
        requests = 1
        try:
            async with self.gate.request(is_first=is_first):
                result = await call()
            requests = result.requests
        except APIError as error:
            requests = error.requests
            raise
        else:
            return result
        finally:
            # The first request was counted before it was sent, those of checks were not.
            self.gate.limiter.charge(requests - 1)

    async def control_read(self) -> None:
        """Send a request that only a working API responds to.

        Raises:
            APIError: it failed, so a 404 just before says nothing.
        """
        try:
            await self.send(lambda: self.client.call(operations.list_groups))
        except NotFoundError:
            # A list always exists: the API itself is not there.
            self.gate.circuit.failed()
            raise

    async def prove_absence(self, missing: NotFoundError) -> None:
        """Make sure that a 404 is about what was asked for: an API that is down may respond to everything with 404.

        Args:
            missing: the 404.

        Raises:
            OutageError: it is not.
            APIError: that cannot be found out now.
        """
        # While the circuit is open another request has found out already that the API does not work.
        if missing.is_page or self.gate.circuit.is_open:
            raise OutageError(missing.message) from missing
        try:
            await self.control_read()
        except NotFoundError:
            raise OutageError(missing.message) from missing

    async def read(self, read: Callable[[], Awaitable[T]], *, may_be_missing: bool = False) -> T:
        """Do a read that always has a result, from its beginning again until it succeeds.

        Args:
            read: sends one request, and reads all of its response.
            may_be_missing: whether what is read may have been deleted.

        Raises:
            NotFoundError: it was deleted, and may have been.
            StoppedError: the patience has ended, or the run was stopped.
            APIError: waiting cannot help.
        """
        failures = 0
        while self.signal.reason is None:
            try:
                async with self.gate.request():
                    value = await read()
            except HeldError:
                break
            except APIError as error:
                if may_be_missing and isinstance(error, NotFoundError) and await self._is_absent(error):
                    raise
                await self._wait(error, failures)
                failures += 1
            else:
                self.was_reached = True
                self.gate.circuit.progressed()
                return value
        raise StoppedError(self.signal.reason or "the run was stopped")

    async def _is_absent(self, missing: NotFoundError) -> bool:
        try:
            await self.prove_absence(missing)
        except (APIError, OutageError):
            return False
        return True

    async def _wait(self, error: APIError, failures: int) -> None:
        self.was_reached = self.was_reached or error.outcome != "not_sent"
        if not self.was_reached and failures >= _FIRST_TRIES:
            # Most likely the address is wrong, or this machine is offline: a person should know at once.
            raise error
        if isinstance(error, NotFoundError):
            # A list always exists: the API itself is not there.
            self.gate.circuit.failed()
        elif not is_curable(error):
            raise error
        self.gate.check_patience(error)
        # After a 429 and in an outage the gate holds the next request back by itself.
        await self.gate.pause(min(_LONGEST_PAUSE, 2.0**failures))
