"""What one commit of a journal in a database writes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from attrs import define, field

Values: TypeAlias = Sequence[Any]
Answered: TypeAlias = "asyncio.Future[Any]"


@define
class Batch:
    """Notes that go into one commit, and who waits for it.

    Attributes:
        intents: writes to keep.
        settled: outcome, id of the result and number of writes.
        dropped: numbers of writes that were not carried out.
        rows: results of rows.
        finished: key, company and last intent of rows that are as wanted.
        left: the same of people who are in no row, and the id of the group that they have left.
        waiting: those who wait for the commit.
        calls: what is to be done with the connection after the commit, and who waits for it.
    """

    intents: list[Values] = field(factory=list[Values])
    settled: list[Values] = field(factory=list[Values])
    dropped: list[Values] = field(factory=list[Values])
    rows: list[Values] = field(factory=list[Values])
    finished: list[Values] = field(factory=list[Values])
    left: list[Values] = field(factory=list[Values])
    waiting: list[Answered] = field(factory=list[Answered])
    calls: list[tuple[Callable[[Any], Any], Answered]] = field(factory=list[tuple[Callable[[Any], Any], Answered]])

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits."""
        return bool(self.waiting or self.calls)

    def notes(self) -> Sequence[Sequence[Values]]:
        """Return the notes in the order in which they must be written: `intents`, `settled`, `dropped`, and so on.

        Intents first: what became of them may be part of the same commit.
        """
        return self.intents, self.settled, self.dropped, self.rows, self.finished, self.left

    @property
    def has_notes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.intents or self.settled or self.dropped or self.rows)


def resolve(waiting: Sequence[Answered], error: Exception | None) -> None:
    """Wake those who wait, from another thread than theirs.

    Args:
        waiting: futures, possibly of several event loops.
        error: what to raise there; `None` if all went well.
    """
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[Answered]] = defaultdict(list)
    for future in waiting:
        by_loop[future.get_loop()].append(future)
    for loop, futures in by_loop.items():
        call_in(loop, _resolve, futures, error)


def call_in(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    """Call a function in the thread of an event loop, unless that has ended."""
    with contextlib.suppress(RuntimeError):  # closed: nobody waits any more
        loop.call_soon_threadsafe(function, *arguments)


def set_result(future: Answered, result: Any, error: Exception | None) -> None:
    """End a future that was not cancelled meanwhile."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _resolve(futures: Sequence[Answered], error: Exception | None) -> None:
    for future in futures:
        # One exception each: raised in several tasks, one would collect all their tracebacks.
        set_result(future, None, error and type(error)(*error.args))
