"""What all rows of a run share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define

from coggno._generated import operations
from coggno.errors import APIError, NotFoundError
from coggno.models import Group
from coggno.provisioning.client import CallResult, ProvisioningClient
from coggno.provisioning.execution.gate import Gate
from coggno.provisioning.execution.stop_signal import StopSignal
from coggno.provisioning.execution.writes import PendingWrite
from coggno.provisioning.options import RunOptions
from coggno.provisioning.pacing import AdaptiveLimit, Circuit, RateLimiter
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.roster import Person

T = TypeVar("T")


@define
class RunContext:
    """What all rows of a run share.

    Attributes:
        client: sends the requests, each once: the run itself repeats them.
        gate: lets requests through.
        passwords: where passwords are generated for rows that have none.
        groups: name -> the group; all that a row needs are in it before the row begins.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
        signal: ends the run early.
        settle_time: seconds until a write that is not visible counts as lost.
    """

    client: ProvisioningClient
    gate: Gate
    passwords: PasswordFile | None
    groups: dict[str, Group]
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[Any]]
    signal: StopSignal
    settle_time: float

    @classmethod
    def of(
        cls,
        client: ProvisioningClient,
        options: RunOptions,
        groups: dict[str, Group],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[Any]],
    ) -> RunContext:
        """Return the context of a run with `options`."""
        signal = StopSignal()
        gate = Gate(
            control_read=lambda: client.call(operations.list_groups),
            signal=signal,
            limiter=RateLimiter(options.rate, clock, sleep),
            limit=AdaptiveLimit(options.concurrency, clock),
            circuit=Circuit(clock),
            patience=options.patience,
            sleep=sleep,
        )
        return cls(client, gate, options.passwords, groups, clock, sleep, signal, options.settle_time)

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

    async def write(
        self,
        pending: PendingWrite,  # noqa: ARG002 - for the journal
        call: Callable[[], Awaitable[CallResult[T]]],
        *,
        is_first: bool = False,
    ) -> CallResult[T]:
        """Make a call that changes something. Every write of a run comes through here.

        Args:
            pending: what it changes.
            call: sends it.
            is_first: whether it begins something, which is held back after a stop.

        Raises:
            HeldError: the run was stopped before.
            APIError: the call failed.
        """
        return await self.send(call, is_first=is_first)

    def password_of(self, person: Person) -> str:
        """Return the password that a new user gets: the row's, or the one that was generated for it."""
        if person.password is not None:
            return person.password
        assert self.passwords is not None  # noqa: S101 - rows without a password are sorted out before
        return self.passwords.password_for(person)

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
