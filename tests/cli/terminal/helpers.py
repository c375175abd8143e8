"""A terminal that keeps what is written to it, and a clock that is moved by hand."""

from __future__ import annotations

import io

from attrs import define


@define
class ManualClock:
    """Seconds that pass only when a test says so."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


class FakeTerminal(io.StringIO):
    """A stream with a person in front of it."""

    def isatty(self) -> bool:
        return True


class ClosedTerminal(FakeTerminal):
    """A terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise BrokenPipeError
