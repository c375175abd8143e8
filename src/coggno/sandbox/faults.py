"""Failures on request: which requests they strike, and what they do. Pure: no I/O, no waiting.

Whether a fault strikes is computed from the seed and from the request itself (operation, path, form without its
secrets, and how often that very request came before). The same requests under the same seed meet the same fate,
in whatever order they arrive.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, TypeAlias

from attrs import define, field, frozen
from attrs.validators import ge, gt, in_, le, lt, optional

from .operations import OPERATION_IDS, WRITES
from .spelling import suggest

ALL = "*"
GROUPS = (ALL, "reads", "writes")
"""What a fault may be aimed at besides a single operation."""


@frozen
class Status:
    """Answer with this status and a JSON error, before the request takes effect or after."""

    code: int = field(default=503, validator=[ge(400), le(599)])
    retry_after: int | str | None = None
    """Sent as `Retry-After`, as it is."""
    after: bool = False


@frozen
class Drop:
    """Close the connection without a byte of an answer; with `reset`, so that the client sees a reset."""

    after: bool = False
    reset: bool = False


@frozen
class Latency:
    """Wait, before the request takes effect or after, and then go on as usual."""

    seconds: float = field(validator=ge(0))
    after: bool = False


@frozen
class RateLimit:
    """Answer 429 with `Retry-After` to what exceeds `per_second` requests per second."""

    per_second: float = field(validator=gt(0))
    burst: float | None = field(default=None, validator=optional(ge(1)))
    """How many may come at once; unset: those of one second, but at least one."""


@frozen
class Capacity:
    """Serve at most `slots` requests at a time, `seconds` each; the others wait in line."""

    slots: int = field(validator=ge(1))
    seconds: float = field(default=0.05, validator=ge(0))


@frozen
class CutBody:
    """Do it, announce the whole answer, send part of it, and close (or reset) the connection."""

    keep: float = field(default=0.5, validator=[ge(0), lt(1)])
    """The share of the body that is sent."""
    reset: bool = False


@frozen
class Html:
    """Answer with an HTML page, as a proxy does, before the request takes effect or after."""

    code: int = field(default=200, validator=[ge(200), le(599)])
    after: bool = False


@frozen
class Empty:
    """Do it, but answer with nothing in the body."""

    code: int = field(default=200, validator=in_((200, 201, 202, 204)))


@frozen
class LateCommit:
    """Answer with an error at once and take effect later: after some seconds, or after so many further requests.

    What is wrong on the face of it (key, company, fields) is refused as usual; what turns out to be wrong later, such
    as a login that was taken meanwhile, has no effect.
    """

    seconds: float = field(default=5.0, validator=ge(0))
    requests: int | None = field(default=None, validator=optional(ge(0)))
    """If set, counts instead of `seconds`: this many requests do not see the effect yet."""
    code: int = field(default=504, validator=[ge(400), le(599)])


@frozen
class WrongType:
    """Do it, but answer with a value of another type in one field: `id`, `licenses.0.amount`."""

    field: str = "id"


Action: TypeAlias = Status | Drop | Latency | RateLimit | Capacity | CutBody | Html | Empty | LateCommit | WrongType
"""What a fault does."""

Ending: TypeAlias = Status | Drop | CutBody | Html | Empty | LateCommit | WrongType
"""An action that decides the answer."""


def _known_target(_: object, __: object, value: str) -> None:
    known = (*GROUPS, *OPERATION_IDS)
    if value not in known:
        raise ValueError(f"unknown operation {value!r}{suggest(value, known)}")


@frozen
class Fault:
    """An action and the requests it strikes.

    Raises:
        ValueError: a number out of range, or an operation that does not exist.
    """

    action: Action
    operation: str = field(default=ALL, validator=_known_target)
    """An operation id such as `createUser`, or `reads`, `writes`, `*`."""
    p: float = field(default=1.0, kw_only=True, validator=[ge(0), le(1)])
    """The probability that a request is struck, under the seed of the sandbox."""
    times: int | None = field(default=None, kw_only=True, validator=optional(ge(0)))
    """How many requests are struck at most: the next n."""
    skip: int = field(default=0, kw_only=True, validator=ge(0))
    """How many requests that would be struck are let through first."""
    key: str | None = field(default=None, kw_only=True)
    """Strike only requests that carry this value in the path or the form, such as a login."""

    def aims_at(self, operation: str) -> bool:
        """Return whether requests of this operation may be struck."""
        if self.operation in GROUPS:
            return self.operation == ALL or (self.operation == "writes") == (operation in WRITES)
        return self.operation == operation


@frozen
class Seen:
    """What a fault may know of a request."""

    operation: str
    identity: str
    """What tells this request from another one; no secret is part of it."""
    values: frozenset[str]
    """Values of path and form; no secret among them."""


@define
class FaultDecision:
    """What all faults together do to one request."""

    wait_before: float = 0.0
    wait_after: float = 0.0
    ending: Ending | None = None


class Rule:
    """A fault at work: counts, and the state it needs.

    Args:
        fault: what to do, and to whom.
        salt: makes its draws its own.
    """

    def __init__(self, fault: Fault, salt: str) -> None:
        self.fault = fault
        self.struck = 0
        """How many requests it struck so far."""
        self._salt = salt
        self._skipped = 0
        self._occurrences: dict[bytes, int] = {}
        self._tokens: float | None = None
        self._filled_at = 0.0
        self._free_at: list[float] = []

    def __repr__(self) -> str:
        return f"Rule({self.fault!r}, struck={self.struck})"

    def strikes(self, seen: Seen) -> bool:
        """Return whether this request is struck, and count it if it is."""
        fault = self.fault
        if not fault.aims_at(seen.operation) or (fault.key is not None and fault.key not in seen.values):
            return False
        # Drawn even when spent: the draw is the same whatever `times` and `skip` say.
        if fault.p < 1 and self._draw(seen.identity) >= fault.p:
            return False
        if self._skipped < fault.skip:
            self._skipped += 1
            return False
        if fault.times is not None and self.struck >= fault.times:
            return False
        self.struck += 1
        return True

    def excess(self, limit: RateLimit, now: float) -> Status | None:
        """Return the 429 for a request beyond the limit; or take a token, uncount the request and return None."""
        burst = limit.burst or max(1.0, limit.per_second)
        before = burst if self._tokens is None else self._tokens
        self._tokens = min(burst, before + (now - self._filled_at) * limit.per_second)
        self._filled_at = now
        # Short of a token by a rounding error is not short of it.
        if self._tokens < 1 - 1e-9:
            return Status(429, retry_after=max(1, math.ceil((1 - self._tokens) / limit.per_second)))
        self._tokens -= 1
        self.struck -= 1
        return None

    def queue(self, capacity: Capacity, now: float) -> float:
        """Return how long a request waits until it has been served by one of the slots."""
        start = now
        if len(self._free_at) >= capacity.slots:
            start = max(now, heapq.heappop(self._free_at))
        heapq.heappush(self._free_at, start + capacity.seconds)
        return start + capacity.seconds - now

    def _draw(self, identity: str) -> float:
        digest = blake2b(f"{self._salt}/{identity}".encode(), digest_size=8).digest()
        occurrence = self._occurrences.get(digest, 0)
        self._occurrences[digest] = occurrence + 1
        drawn = blake2b(digest + occurrence.to_bytes(8), digest_size=8).digest()
        return int.from_bytes(drawn) / 2**64


class Faults:
    """The faults of a sandbox, in the order they were added.

    Waiting adds up; of the actions that decide the answer, the first that strikes does.

    Args:
        seed: with the same seed, the same requests are struck.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._rules: list[Rule] = []
        self._added = 0
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Rule]:
        return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, fault: Fault) -> Rule:
        """Put a fault to work; the rule that comes back counts what it struck, and can be removed."""
        with self._lock:
            rule = Rule(fault, f"{self._seed}/{self._added}")
            self._added += 1
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Stop a fault; one that was stopped before is left alone."""
        with self._lock:
            self._rules = [each for each in self._rules if each is not rule]

    def clear(self) -> None:
        """Stop all faults."""
        with self._lock:
            self._rules = []

    def strike(self, seen: Seen, now: float) -> FaultDecision:
        """Return what happens to a request that arrives `now`."""
        strike = FaultDecision()
        with self._lock:
            for rule in self._rules:
                if strike.ending is None or isinstance(rule.fault.action, Latency | Capacity):
                    _apply(rule, seen, now, strike)
        return strike


def damage(value: Any, path: str) -> Any:
    """Return JSON like `value` with another type at `path`; unchanged if there is no such field.

    Args:
        value: an object, or a list, of which the first element is meant unless the path begins with a number.
        path: names and numbers joined by dots.
    """
    return _damage(value, path.split("."))


def _apply(rule: Rule, seen: Seen, now: float, strike: FaultDecision) -> None:
    if not rule.strikes(seen):
        return
    action = rule.fault.action
    if isinstance(action, Latency):
        strike.wait_before += 0 if action.after else action.seconds
        strike.wait_after += action.seconds if action.after else 0
    elif isinstance(action, Capacity):
        strike.wait_before += rule.queue(action, now)
    elif isinstance(action, RateLimit):
        strike.ending = rule.excess(action, now)
    else:
        strike.ending = action


def _damage(value: Any, steps: list[str]) -> Any:
    if not steps:
        return _other_type(value)
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        index, rest = (int(step), rest) if step.isdecimal() else (0, steps)
        return [_damage(item, rest) if i == index else item for i, item in enumerate(items)]
    if isinstance(value, dict) and step in value:
        fields: dict[str, Any] = {**value}
        return {**fields, step: _damage(fields[step], rest)}
    return value  # pyright: ignore[reportUnknownVariableType]


def _other_type(value: Any) -> Any:
    if isinstance(value, str):
        return 12345
    return {"unexpected": "object"} if value is None else str(value)
