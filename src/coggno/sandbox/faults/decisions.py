"""What all faults together do to one request. Pure."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from attrs import Factory, define

from .actions import (
    EDITS,
    QUIRKS,
    Capacity,
    Edit,
    Ending,
    IdsOnly,
    Latency,
    RateLimit,
    ReadLag,
    RequireField,
)
from .rules import Fault, FaultRule, RequestFacts


@define
class FaultDecision:
    """What happens to a request."""

    wait_before: float = 0.0
    """Seconds to wait before it takes effect."""
    wait_after: float = 0.0
    """Seconds to wait between its effect and its response."""
    ending: Ending | None = None
    """What decides the response; None: the operation does."""
    lag: ReadLag | None = None
    """How long reads do not see what it changes."""
    edits: list[Edit] = Factory(list[Edit])
    """What changes the JSON of a successful response, in order."""
    ids_only: bool = False
    required: list[str] = Factory(list[str])
    """Optional form fields without which it is refused."""

    @property
    def name(self) -> str | None:
        """Class name of the action that decides or changes the response, for the request log."""
        deciding = self.ending or next(iter(self.edits), None)
        return None if deciding is None else type(deciding).__name__


class Faults:
    """The faults of a sandbox, in the order in which they were added.

    Delays add up and quirks go together; of the actions that decide the response, the first that applies does.

    Args:
        seed: with the same seed, faults apply to the same requests.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._rules: list[FaultRule] = []
        self._added = 0
        # Tests add faults from their own thread while a server decides in another.
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[FaultRule]:
        return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, fault: Fault) -> FaultRule:
        """Activate a fault; the rule that comes back counts what it applied to, and can be removed."""
        with self._lock:
            # The number is part of the salt: else two faults with the same p would choose the same requests.
            rule = FaultRule(fault, f"{self._seed}/{self._added}")
            self._added += 1
            self._rules.append(rule)
        return rule

    def remove(self, rule: FaultRule) -> None:
        """Deactivate a fault; one that was deactivated before is left alone."""
        with self._lock:
            self._rules = [each for each in self._rules if each is not rule]

    def clear(self) -> None:
        """Deactivate all faults."""
        with self._lock:
            self._rules = []

    def decide(self, request: RequestFacts, now: float, decision: FaultDecision | None = None) -> FaultDecision:
        """Return what happens to a request received at the time `now`, added to an earlier `decision` if given."""
        decision = decision or FaultDecision()
        with self._lock:
            for rule in self._rules:
                if _can_still_apply(rule, decision) and rule.applies_to(request):
                    _apply(rule, request, now, decision)
        return decision


def _can_still_apply(rule: FaultRule, decision: FaultDecision) -> bool:
    # An ending that comes second would be counted as applied, and used up, without doing anything.
    return decision.ending is None or isinstance(rule.fault.action, (Latency, Capacity, *QUIRKS))


def _apply(rule: FaultRule, request: RequestFacts, now: float, decision: FaultDecision) -> None:
    action = rule.fault.action
    if isinstance(action, Latency):
        seconds = rule.latency(action, request.identity)
        decision.wait_before += 0 if action.after else seconds
        decision.wait_after += seconds if action.after else 0
    elif isinstance(action, Capacity):
        decision.wait_before += rule.wait_for_slot(action, now)
    elif isinstance(action, RateLimit):
        decision.ending = rule.excess(action, now)
    elif isinstance(action, EDITS):
        decision.edits.append(action)
    elif isinstance(action, ReadLag | IdsOnly | RequireField):
        _apply_quirk(action, decision)
    else:
        decision.ending = action


def _apply_quirk(quirk: ReadLag | IdsOnly | RequireField, decision: FaultDecision) -> None:
    if isinstance(quirk, ReadLag):
        decision.lag = decision.lag or quirk
    elif isinstance(quirk, IdsOnly):
        decision.ids_only = True
    else:
        decision.required.append(quirk.field)
