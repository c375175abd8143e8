"""Changes that take effect after the response to their request. Pure: the caller knows the time."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import frozen

ChangeT = TypeVar("ChangeT")


@frozen
class _LateCommit(Generic[ChangeT]):
    """A change that is due at a time, or, if `request` is set, once so many requests were received."""

    change: ChangeT
    at: float
    request: int | None

    def is_due(self, now: float, received: int) -> bool:
        return now >= self.at if self.request is None else received >= self.request


class LateCommits(Generic[ChangeT]):
    """Changes that wait for their time."""

    def __init__(self) -> None:
        self._waiting: list[_LateCommit[ChangeT]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, change: ChangeT, *, at: float, request: int | None = None) -> None:
        """Let a change wait until the time `at`, or until `request` requests were received, if that is set."""
        self._waiting.append(_LateCommit(change, at, request))

    def take_due(self, now: float, received: int) -> list[tuple[float, ChangeT]]:
        """Remove the changes that are due; return them and their times, in the order of these."""
        # Two passes over a list that rarely has more than a few entries.
        due = [each for each in self._waiting if each.is_due(now, received)]
        self._waiting = [each for each in self._waiting if not each.is_due(now, received)]
        return self._in_order(due, now)

    def take_all(self, now: float) -> list[tuple[float, ChangeT]]:
        """Remove all changes, due or not."""
        waiting, self._waiting = self._waiting, []
        return self._in_order(waiting, now)

    @staticmethod
    def _in_order(commits: list[_LateCommit[ChangeT]], now: float) -> list[tuple[float, ChangeT]]:
        # A change is noticed only by the next request, but took effect when it was due.
        timed = [(now if each.request is not None else min(now, each.at), each.change) for each in commits]
        return sorted(timed, key=lambda each: each[0])
