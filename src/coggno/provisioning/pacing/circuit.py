"""Whether the API works at all: after too many failures nothing is sent but a control read now and then. Pure."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import define, field

_WINDOW: Final = 20  # calls that are looked back on
_FEWEST: Final = 10  # calls from which on a share says something
_SHARE: Final = 0.5
_IN_A_ROW: Final = 4  # failures; an outage shows in them before it shows in a share
_LONGEST_PAUSE: Final = 30.0  # seconds between two control reads


@define
class Circuit:
    """Open after four failures in a row, or when most of the last twenty calls failed.

    Only failures that are no row's fault count: 5xx, broken connections, timeouts. While it is open, a control read is
    due after 1, 2, 4 ... up to 30 seconds, until one succeeds.

    Attributes:
        clock: seconds that only grow.
        opened_at: when it opened; `None` while it is closed.
        last_progress: when a row or a group was finished last; control reads and checks are no progress.
    """

    clock: Callable[[], float] = time.monotonic
    opened_at: float | None = None
    last_progress: float = field(init=False)
    _recent: deque[bool] = field(factory=lambda: deque[bool](maxlen=_WINDOW))
    _in_a_row: int = 0
    _probes: int = 0
    _last_opened: float = float("-inf")

    def __attrs_post_init__(self) -> None:
        self.last_progress = self.clock()

    @property
    def is_open(self) -> bool:
        """Whether nothing may be sent but control reads."""
        return self.opened_at is not None

    @property
    def has_just_failed(self) -> bool:
        """Whether the last call failed for a reason that is no row's fault."""
        return self._in_a_row > 0

    @property
    def seconds_without_progress(self) -> float:
        """How long nothing was finished."""
        return self.clock() - self.last_progress

    def succeeded(self) -> None:
        """Note that a call got a response that only a working API gives."""
        self._recent.append(False)
        self._in_a_row = 0

    def progressed(self) -> None:
        """Note that a row or a group was finished."""
        self.last_progress = self.clock()

    def failed(self) -> None:
        """Note a failure that is no row's fault."""
        self._recent.append(True)
        self._in_a_row += 1
        failures = sum(self._recent)
        is_most = len(self._recent) >= _FEWEST and failures > _SHARE * len(self._recent)
        if not self.is_open and (self._in_a_row >= _IN_A_ROW or is_most):
            # Where reads succeed and writes do not, it opens again and again: each time it stays open for longer.
            if self.last_progress > self._last_opened:
                self._probes = 0
            self.opened_at = self._last_opened = self.clock()

    def next_pause(self) -> float:
        """Return the seconds until the next control read is due."""
        self._probes += 1
        return min(_LONGEST_PAUSE, 2.0 ** (self._probes - 1))

    async def begin_probe(self, pause: Callable[[float], Awaitable[Any]]) -> bool:
        """Wait until the next control read is due; it is always the caller who sends it.

        Args:
            pause: waits for so many seconds, or until the run is stopped.
        """
        await pause(self.next_pause())
        return True

    def probe_failed(self) -> None:
        """Note that a control read failed; the pause before the next one is longer already."""

    def close(self) -> None:
        """Note that a control read succeeded."""
        self.opened_at = None
        # What was counted before the outage ended would open it again at the first failure.
        self._recent.clear()
        self.succeeded()
