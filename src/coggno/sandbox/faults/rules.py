"""Which requests a fault applies to. Pure: no I/O, no waiting.

Whether a fault applies is computed from the seed and from the request itself (operation, path, form without its
secrets, and how often that very request came before). The same requests under the same seed get the same faults, in
whatever order they come: a test that runs many at once can be repeated.
"""

from __future__ import annotations

import heapq
import math
from hashlib import blake2b
from typing import Final

from attrs import field, frozen
from attrs.validators import ge, le, optional

from coggno.sandbox.api import OPERATION_IDS, OPERATIONS, WRITES
from coggno.sandbox.suggestions import suggest

from .actions import Action, Capacity, IdsOnly, Latency, RateLimit, RequireField, Status

ALL: Final = "*"
OPERATION_GROUPS: Final = (ALL, "reads", "writes")
"""What a fault may be for besides a single operation."""

_BY_ID: Final = {operation.id: operation for operation in OPERATIONS}
_ROUNDING: Final = 1e-9
"""A token bucket that lacks less than this is full: sums of time steps are never exact."""


def _known_target(_: object, __: object, value: str) -> None:
    known = (*OPERATION_GROUPS, *OPERATION_IDS)
    if value not in known:
        raise ValueError(f"unknown operation {value!r}{suggest(value, known)}")


@frozen
class Fault:
    """An action and the requests it is for.

    Raises:
        ValueError: a number out of range, or an operation that does not exist.
    """

    action: Action
    operation: str = field(default=ALL, validator=_known_target)
    """An operation id such as `createUser`, or `reads`, `writes`, `*`."""
    p: float = field(default=1.0, kw_only=True, validator=[ge(0), le(1)])
    """The probability that it applies to a request, under the seed of the sandbox."""
    times: int | None = field(default=None, kw_only=True, validator=optional(ge(0)))
    """How many requests it applies to at most: the next n."""
    skip: int = field(default=0, kw_only=True, validator=ge(0))
    """How many requests to spare first."""
    key: str | None = field(default=None, kw_only=True)
    """Apply only to requests that carry this value in the path or the form, such as a login."""

    def __attrs_post_init__(self) -> None:
        # A quirk that can never apply is a mistake in the test that asks for it.
        operation = _BY_ID.get(self.operation)
        if operation is None:
            return
        if isinstance(self.action, IdsOnly) and "{user}" not in operation.path:
            raise ValueError(f"{operation.id} has no user in its path")
        if isinstance(self.action, RequireField) and self.action.field not in operation.fields:
            raise ValueError(f"{operation.id} has no field {self.action.field!r}{suggest('', operation.fields)}")

    def covers(self, operation: str) -> bool:
        """Return whether it may apply to requests of this operation."""
        if self.operation in OPERATION_GROUPS:
            return self.operation == ALL or (self.operation == "writes") == (operation in WRITES)
        return self.operation == operation


@frozen
class RequestFacts:
    """What a fault may know of a request."""

    operation: str
    identity: str
    """What tells this request from another one; no secret is part of it."""
    values: frozenset[str]
    """Values of path and form; no secret is among them."""


class FaultRule:
    """A fault that is active: its counts, and the state it needs.

    Args:
        fault: what to do, and to which requests.
        salt: makes its draws its own.
    """

    def __init__(self, fault: Fault, salt: str) -> None:
        self.fault = fault
        self.applied = 0
        """How many requests it applied to so far."""
        self._salt = salt
        self._skipped = 0
        self._occurrences: dict[bytes, int] = {}
        self._tokens: float | None = None
        self._filled_at = 0.0
        self._free_at: list[float] = []

    def __repr__(self) -> str:
        return f"FaultRule({self.fault!r}, applied={self.applied})"

    def applies_to(self, request: RequestFacts) -> bool:
        """Return whether it applies to this request, and count it if it does."""
        fault = self.fault
        if not fault.covers(request.operation) or (fault.key is not None and fault.key not in request.values):
            return False
        # Drawn even when used up: the draw is the same whatever `times` and `skip` are.
        if fault.p < 1 and self._draw(request.identity) >= fault.p:
            return False
        if self._skipped < fault.skip:
            self._skipped += 1
            return False
        if fault.times is not None and self.applied >= fault.times:
            return False
        self.applied += 1
        return True

    def excess(self, limit: RateLimit, now: float) -> Status | None:
        """Return the 429 for a request beyond the limit; or take a token, uncount the request and return None."""
        burst = limit.burst or max(1.0, limit.per_second)
        before = burst if self._tokens is None else self._tokens
        self._tokens = min(burst, before + (now - self._filled_at) * limit.per_second)
        self._filled_at = now
        if self._tokens < 1 - _ROUNDING:
            return Status(429, retry_after=max(1, math.ceil((1 - self._tokens) / limit.per_second)))
        self._tokens -= 1
        self.applied -= 1
        return None

    def latency(self, action: Latency, identity: str) -> float:
        """Return how many seconds a request waits."""
        if action.most is None or action.most == action.seconds:
            return action.seconds
        return action.seconds + (action.most - action.seconds) * self._draw(f"latency {identity}")

    def wait_for_slot(self, capacity: Capacity, now: float) -> float:
        """Return how many seconds it takes until a request was served by one of the slots."""
        # The times at which slots become free; a heap gives the earliest without sorting all.
        start = now
        if len(self._free_at) >= capacity.slots:
            start = max(now, heapq.heappop(self._free_at))
        heapq.heappush(self._free_at, start + capacity.seconds)
        return start + capacity.seconds - now

    def _draw(self, identity: str) -> float:
        # A digest instead of the identity: it is short, and nobody can read logins out of it.
        digest = blake2b(f"{self._salt}/{identity}".encode(errors="surrogatepass"), digest_size=8).digest()
        occurrence = self._occurrences.get(digest, 0)
        self._occurrences[digest] = occurrence + 1
        drawn = blake2b(digest + occurrence.to_bytes(8), digest_size=8).digest()
        return int.from_bytes(drawn) / 2**64
