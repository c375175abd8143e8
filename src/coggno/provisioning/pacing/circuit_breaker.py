"""When too many requests fail for reasons that have nothing to do with the rows."""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, field

_WINDOW: Final = 200  # rows over which failures are counted
_MANY_FAILURES: Final = 50  # failures that are not the rows' fault ...
_SHARE: Final = 0.4  # ... and their share in the window: together they stop the run


@define
class CircuitBreaker:
    """Counts failures that are not the rows' fault among the last rows."""

    _recent: deque[bool] = field(factory=lambda: deque[bool](maxlen=_WINDOW))

    def note(self, *, is_trouble: bool) -> None:
        """Count one row.

        Args:
            is_trouble: whether it failed for a reason that is not its own.
        """
        self._recent.append(is_trouble)

    @property
    def is_open(self) -> bool:
        """Whether there are too many: `_MANY_FAILURES`, and more than `_SHARE` of the last `_WINDOW` rows."""
        failures = sum(self._recent)
        # Both: a share alone would stop a run at its first failure.
        return failures >= _MANY_FAILURES and failures > _SHARE * len(self._recent)
