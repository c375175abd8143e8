"""What all rows of a run share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from attrs import define, field

from coggno._protocol.operation import Send
from coggno.errors import APIError, AuthenticationError, CoggnoError, PermissionDeniedError, RateLimitError
from coggno.models import Group
from coggno.provisioning.client import CallResult, ProvisioningClient
from coggno.provisioning.execution.stop_signal import StopSignal
from coggno.provisioning.pacing import CircuitBreaker, RateLimiter
from coggno.provisioning.passwords import PasswordFile

T = TypeVar("T")
P = ParamSpec("P")


@define
class RunContext:
    """What all rows of a run share.

    Attributes:
        client: sends the requests.
        limiter: limits the rate.
        passwords: where passwords are generated for rows that have none.
        groups: name -> the group; all that a row needs are in it before the row begins.
        sleep: waits for so many seconds.
        signal: ends the run early.
        breaker: counts failures that are not the rows' fault.
    """

    client: ProvisioningClient
    limiter: RateLimiter
    passwords: PasswordFile | None
    groups: dict[str, Group]
    sleep: Callable[[float], Awaitable[Any]]
    signal: StopSignal = field(factory=StopSignal)
    breaker: CircuitBreaker = field(factory=CircuitBreaker)

    async def call(
        self, operation: Callable[Concatenate[Send, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> CallResult[T]:
        """Call an operation and count its retries and checks for the rate; see `ProvisioningClient.call`."""
        requests = 1
        try:
            result = await self.client.call(operation, *args, **kwargs)
            requests = result.requests
        except APIError as error:
            requests = error.requests
            raise
        else:
            return result
        finally:
            # The first attempt was counted by `acquire`, before it was sent.
            self.limiter.charge(requests - 1)

    def note(self, error: Exception | None) -> None:
        """Count how a row ended, and stop the run where the next rows would end in the same way.

        Args:
            error: what ended it, if anything did.
        """
        self.breaker.note(is_trouble=_is_trouble(error))
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            self.signal.stop(f"the API refused the key ({error.message}); check the key")
        elif self.breaker.is_open:
            self.signal.stop("too many requests failed; the API or the network has a problem")


def _is_trouble(error: Exception | None) -> bool:
    """Return whether a failure is not the row's fault."""
    if isinstance(error, APIError):
        return error.outcome != "rejected" or isinstance(error, RateLimitError)
    # An error that is not ours is a defect somewhere, and the next rows may well hit it too.
    return error is not None and not isinstance(error, CoggnoError)
