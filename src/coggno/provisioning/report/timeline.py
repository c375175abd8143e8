"""How a run went over time: rows per second, and when it waited. In constant memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

from coggno.provisioning.outcomes import Waiting

_SLICES: Final = 240  # of a run; a chart has no room for more
_WAITS: Final = 50  # times of waiting that are kept one by one; the rest is counted


@frozen
class Wait:
    """A time in which the run waited for the API.

    Attributes:
        since: seconds after the start of the run.
        until: likewise.
        reason: what it waited for.
    """

    since: float
    until: float
    reason: str

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.until - self.since


@define
class Timeline:
    """Counts rows by the time at which they ended.

    Attributes:
        clock: seconds that only grow.
        width: seconds of a slice; it doubles when the run becomes too long for the slices.
        slices: rows that ended in each slice.
        waits: when the run waited; the first ones.
        waited: seconds that the run waited altogether.
    """

    clock: Callable[[], float] = time.monotonic
    width: float = 1.0
    slices: list[int] = field(factory=list[int])
    waits: list[Wait] = field(factory=list[Wait])
    waited: float = 0.0
    _began: float = field(init=False)
    _waiting: tuple[float, str] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._began = self.clock()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self.clock() - self._began

    def row_ended(self) -> None:
        """Count a row that has ended now."""
        index = int(self.seconds / self.width)
        while index >= _SLICES:
            self._merge()
            index //= 2
        self.slices.extend([0] * (index + 1 - len(self.slices)))
        self.slices[index] += 1

    def waiting(self, waiting: Waiting | None) -> None:
        """Take note of whether the run waits now."""
        if waiting is not None and self._waiting is None:
            self._waiting = (self.seconds, waiting.reason)
        elif waiting is None and self._waiting is not None:
            since, reason = self._waiting
            self._waiting = None
            self._add(Wait(since, self.seconds, reason))

    def end(self) -> None:
        """End a time of waiting that lasts to the end of the run."""
        self.waiting(None)

    def rates(self) -> list[float]:
        """Return the rows per second of each slice."""
        return [count / self.width for count in self.slices]

    def _add(self, wait: Wait) -> None:
        self.waited += wait.seconds
        if len(self.waits) < _WAITS:
            self.waits.append(wait)

    def _merge(self) -> None:
        """Make one slice of each two."""
        self.width *= 2
        self.slices = [sum(self.slices[index : index + 2]) for index in range(0, len(self.slices), 2)]
