"""Reads that lag behind writes, as those of a server with a replica of its database.

While a write is not visible yet, reads are served from a copy of the state, to which the writes are applied later and
in their order: a write behind one that lags is not visible before it, even if it does not lag itself. There is no copy
while nothing lags, so that the usual case costs nothing.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from attrs import field, frozen
from attrs.validators import ge, optional

from coggno.sandbox.state import AccountState

from .effects import Commit, record_nothing


@frozen
class ReadDelay:
    """How long reads do not see a write: for some seconds, or, if `reads` is set, for so many reads."""

    seconds: float = field(default=5.0, validator=ge(0))
    reads: int | None = field(default=None, validator=optional(ge(0)))


class Replayable(Protocol):
    """A change that can be made again on a copy of the state."""

    def run(self, state: AccountState, commit: Commit) -> Any:
        """Make the change."""
        ...


@frozen
class _UnseenWrite:
    change: Replayable
    visible_at: float
    visible_after: int | None
    """Number of the last read that does not see it."""

    def is_visible(self, now: float, reads: int) -> bool:
        return now >= self.visible_at if self.visible_after is None else reads >= self.visible_after


class ReadReplica:
    """The state as reads see it.

    Args:
        primary: the state that writes change.
    """

    def __init__(self, primary: AccountState) -> None:
        self._primary = primary
        self._copy: AccountState | None = None
        self._unseen: deque[_UnseenWrite] = deque()
        self._reads = 0

    def prepare(self, delay: ReadDelay | None) -> None:
        """Get ready for a write that is about to be made: the copy must be older than the write."""
        if delay is not None and self._copy is None:
            self._copy = self._primary.copy()

    def follow(self, change: Replayable, delay: ReadDelay | None, now: float) -> None:
        """Apply a write that was just made to the copy, once it may be visible."""
        if self._copy is None:
            return
        if delay is None:
            write = _UnseenWrite(change, now, None)
        else:
            last = None if delay.reads is None else self._reads + delay.reads
            write = _UnseenWrite(change, now + delay.seconds, last)
        # At the end, whatever its delay: a replica applies writes in the order in which they were committed.
        self._unseen.append(write)

    def state_for_read(self, now: float) -> AccountState:
        """Return the state that the next read sees, and count that read."""
        lagging = self.lagging_state(now)
        self._reads += 1
        return self._primary if lagging is None else lagging

    def lagging_state(self, now: float) -> AccountState | None:
        """Return the state that reads see, if it is behind the writes."""
        self._catch_up(now)
        return self._copy

    def reset(self) -> None:
        """Make every write visible at once."""
        self._copy = None
        self._unseen.clear()

    def _catch_up(self, now: float) -> None:
        if self._copy is None:
            return
        while self._unseen and self._unseen[0].is_visible(now, self._reads):
            # The same changes in the same order give the same ids as on the primary.
            self._unseen.popleft().change.run(self._copy, record_nothing)
        if not self._unseen:
            self._copy = None
