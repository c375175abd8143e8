"""What the gate needs of a rate limiter and of a circuit breaker, which may be shared with other processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol


class Limiter(Protocol):
    """Limits requests per second, and holds them back after a refusal (429)."""

    async def acquire(self, requests: int = 1) -> None:
        """Return when the next request may be sent.

        Args:
            requests: how many requests the call sends.

        Raises:
            JournalError: the limit is kept in a database that has been gone for too long.
        """
        ...

    def charge(self, requests: int) -> None:
        """Count requests that were sent without `acquire`, such as retries; the next ones wait for longer."""
        ...

    def accepted(self) -> None:
        """Note that the server has accepted a request."""
        ...

    def refused(self, retry_after: float | None) -> None:
        """Note that the server has refused a request because there were too many.

        Args:
            retry_after: seconds that the server asks to wait, if it does.
        """
        ...


class CircuitBreaker(Protocol):
    """Knows whether the API works; while it does not, nothing is sent but a control read now and then."""

    @property
    def is_open(self) -> bool:
        """Whether nothing may be sent but control reads."""
        ...

    @property
    def has_just_failed(self) -> bool:
        """Whether the last call of this run failed for a reason that is no row's fault."""
        ...

    @property
    def last_progress(self) -> float:
        """When this run has finished a row or a group last, in seconds of its clock."""
        ...

    @property
    def seconds_without_progress(self) -> float:
        """How long this run has finished nothing."""
        ...

    def succeeded(self) -> None:
        """Note that a call got a response that only a working API gives."""
        ...

    def progressed(self) -> None:
        """Note that a row or a group was finished."""
        ...

    def failed(self) -> None:
        """Note a failure that is no row's fault."""
        ...

    async def begin_probe(self, pause: Callable[[float], Awaitable[Any]]) -> bool:
        """Wait for the next control read, a second or until it is due, and return whether the caller sends it.

        Whoever sends it calls `close` or `probe_failed` afterwards, whatever happens.

        Args:
            pause: waits for so many seconds, or until the run is stopped.
        """
        ...

    def close(self) -> None:
        """Note that a control read succeeded."""
        ...

    def probe_failed(self) -> None:
        """Note that a control read failed, or was not sent after all."""
        ...
