"""How far a run has come: a bar where a person watches, a line now and then where nobody does."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Protocol, TextIO

from attrs import define, field

from coggno.cli import output

_WINDOW: Final = 30.0  # seconds that the rate is measured over
_SAMPLE: Final = 0.5  # seconds between two samples of the rate
_LINE_EVERY: Final = 10.0  # seconds between two lines where nobody watches

Clock = Callable[[], float]


@define
class Tally:
    """Counts rows by outcome, and knows the pace."""

    total: int
    clock: Clock = time.monotonic
    outcomes: Counter[str] = field(factory=Counter[str])
    done: int = 0
    _samples: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])
    """Moments, and how many rows were done then; the first is as old as the window."""

    def __attrs_post_init__(self) -> None:
        self._samples.append((self.clock(), 0))

    def saw(self, outcome: str) -> None:
        """Count a row."""
        self.outcomes[outcome] += 1
        self.done += 1
        now = self.clock()
        if now - self._samples[-1][0] >= _SAMPLE:
            self._samples.append((now, self.done))
        while len(self._samples) > 1 and now - self._samples[0][0] > _WINDOW:
            self._samples.popleft()

    @property
    def rate(self) -> float | None:
        """Rows per second, lately; `None` as long as that would be a guess."""
        since, done = self._samples[0]
        seconds = self.clock() - since
        return (self.done - done) / seconds if seconds >= _SAMPLE and self.done > done else None

    @property
    def remaining(self) -> float | None:
        """Seconds until the last row, at the present rate."""
        rate = self.rate
        return (self.total - self.done) / rate if rate else None

    def facts(self) -> list[str]:
        """Return how far the run is, its pace and the time it still takes, as far as they are known."""
        facts = [f"{self.done:,} of {self.total:,} rows"]
        rate, remaining = self.rate, self.remaining
        if rate is not None and remaining is not None:
            facts += [f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s", f"{_duration(remaining)} left"]
        return facts

    def counts(self) -> list[str]:
        """Return the rows by outcome, the most frequent first."""
        return [f"{count:,} {outcome}" for outcome, count in self.outcomes.most_common()]


class Progress(Protocol):
    """What is told of a run while it goes on."""

    def phase(self, text: str) -> None:
        """Something without a known length begins."""
        ...

    def begin(self, total: int) -> None:
        """The rows begin, `total` of them."""
        ...

    def saw(self, outcome: str) -> None:
        """A row has ended with `outcome`."""
        ...

    def close(self) -> None:
        """The run has ended, in whatever way."""
        ...


@define
class Lines:
    """Progress as plain lines: one for each phase, and for the rows one now and then."""

    clock: Clock = time.monotonic
    _tally: Tally = field(init=False, factory=lambda: Tally(0))
    _told: float = 0.0

    def phase(self, text: str) -> None:
        """Say so."""
        output.say(f"{text} ...")

    def begin(self, total: int) -> None:
        """Say how many rows there are."""
        self._tally = Tally(total, self.clock)
        self._told = self.clock()
        output.say(f"{output.rows(total)} ...")

    def saw(self, outcome: str) -> None:
        """Count, and say how far the run is if that was long ago."""
        self._tally.saw(outcome)
        if self.clock() - self._told >= _LINE_EVERY:
            self._told = self.clock()
            output.say(f"{', '.join(self._tally.facts())}: {', '.join(self._tally.counts())}")

    def close(self) -> None:
        """Nothing is left to tidy up."""


@contextmanager
def watching() -> Generator[Progress]:
    """Tell of a run on standard error, in the way that fits who reads it."""
    progress = _for(sys.stderr)
    try:
        yield progress
    finally:
        progress.close()


def _for(stream: TextIO) -> Progress:
    if not output.is_watched(stream) or os.environ.get("TERM") == "dumb":
        return Lines()
    from coggno.cli.bar import Bar

    return Bar.on(stream)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
