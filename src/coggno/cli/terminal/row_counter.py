"""Counts the rows of a run as they end: how many, how fast, how much longer."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import define, field

_WINDOW: Final = 30.0  # seconds that the rate is measured over
_SAMPLE: Final = 0.5  # seconds between two samples of the rate

MonotonicClock: TypeAlias = Callable[[], float]


@define
class RowCounter:
    """Counts rows by the label of their outcome, and measures the rate.

    Attributes:
        total: rows of the roster.
        clock: returns seconds, of which only differences count.
        labels: label -> rows that have ended so.
        needing_attention: labels of rows that the user has to do something about.
        done: rows that have ended.
        waiting: what the run waits for, and since when, if it waits.
    """

    total: int
    clock: MonotonicClock = time.monotonic
    labels: Counter[str] = field(factory=Counter[str])
    needing_attention: set[str] = field(factory=set[str])
    done: int = 0
    waiting: str | None = None
    # Time and number of rows done by then; the oldest is as old as the window.
    _samples: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])

    def __attrs_post_init__(self) -> None:
        # Rows of an earlier run: a run that continues at 812 of 2,000 must not look as if it began again.
        self.done = self.labels.total()
        self._samples.append((self.clock(), self.done))

    def add(self, label: str, *, needs_attention: bool = False) -> None:
        """Count a row that has ended.

        Args:
            label: its outcome, in the user's words.
            needs_attention: whether the user has to do something about it.
        """
        self.labels[label] += 1
        if needs_attention:
            self.needing_attention.add(label)
        self.done += 1
        now = self.clock()
        # Half-second samples: a sample for each of a million rows would fill the memory and change nothing.
        if now - self._samples[-1][0] >= _SAMPLE:
            self._samples.append((now, self.done))
        while len(self._samples) > 1 and now - self._samples[0][0] > _WINDOW:
            self._samples.popleft()

    @property
    def rate(self) -> float | None:
        """Rows per second over the last half minute; `None` while there is too little to go by."""
        # The window forgets rows that were skipped at the start because an earlier run had done them.
        since, done = self._samples[0]
        seconds = self.clock() - since
        return (self.done - done) / seconds if seconds >= _SAMPLE and self.done > done else None

    @property
    def remaining(self) -> float | None:
        """Seconds until the last row at the present rate; `None` while the rate is unknown."""
        rate = self.rate
        return (self.total - self.done) / rate if rate else None

    def status(self) -> str:
        """Return how far the run is, and what it waits for, or rate and remaining time if they are known."""
        if self.waiting is not None:
            # A rate that includes the wait, and a time computed from it, would mislead.
            return f"{self.waiting}, {self.done:,} of {self.total:,} rows done"
        parts = [f"{self.done:,} of {self.total:,} rows"]
        rate, remaining = self.rate, self.remaining
        if rate is not None and remaining is not None:
            parts += [f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s", f"{_duration(remaining)} left"]
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
