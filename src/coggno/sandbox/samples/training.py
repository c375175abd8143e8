"""Invented progress: who has which course, who has begun, finished and passed it, and when."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

from attrs import frozen

TODAY: Final = date(2025, 1, 15)
"""No date is later. It is fixed, so that the same seed gives the same responses on every day."""
_FIRST_DAY: Final = TODAY - timedelta(days=200)
_PASS_MARK: Final = 80
_FOR_EVERYBODY: Final = 3
"""So many courses at the beginning are given to nearly everybody; the others only to some."""


@frozen(kw_only=True)
class SampleProgress:
    """A license of one person for one course. The reference shows only the status `not started`."""

    created_at: str
    status: str = "not started"
    start_date: str | None = None
    complete_date: str | None = None
    used: int = 0
    views: int = 0
    total_time: int = 0
    """In seconds; the reference names no unit."""
    score: int = 0
    passed: bool = False


class SampleCourse:
    """A course that is given to one person after the other.

    Args:
        seed: the same seed gives the same progress to the same people in the same order.
        number: which course it is, from 0.
    """

    def __init__(self, seed: int, number: int) -> None:
        # A generator for each course: one more course does not change the progress in the others.
        self._random = Random(f"course/{seed}/{number}")  # noqa: S311 - nothing secret is drawn
        self.created_at = _FIRST_DAY + timedelta(days=self._random.randrange(60))
        """The day on which it was published."""
        self._share = 0.97 if number < _FOR_EVERYBODY else 0.2 + 0.5 * self._random.random()

    def progress(self, rate: float) -> SampleProgress | None:
        """Return the progress of the next person, or None if they do not have the course.

        Args:
            rate: the share of their training that they finish, from 0 to 1.
        """
        # Always the same number of draws, so that the people behind get the same, whatever this one gets.
        given, begun, first, second, result, views = (self._random.random() for _ in range(6))
        if given >= self._share:
            return None
        created = _between(self.created_at, TODAY, first * 0.7)
        started = _between(created, TODAY, second)
        if begun < rate:
            return _finished(created, started, result, views)
        # Of those who have not finished, two in five have begun.
        if begun < rate + (1 - rate) * 0.4:
            return SampleProgress(
                created_at=created.isoformat(),
                status="in progress",
                start_date=started.isoformat(),
                used=1,
                views=1 + int(3 * views),
                total_time=60 + int(1500 * views),
            )
        return SampleProgress(created_at=created.isoformat())


def completion_rates(seed: int, departments: int) -> list[float]:
    """Return how much of its training each department finishes, from 0 to 1, so that they differ in a report."""
    random = Random(f"departments/{seed}")  # noqa: S311 - nothing secret is drawn
    return [0.45 + 0.5 * random.random() for _ in range(departments)]


def _finished(created: date, started: date, result: float, views: float) -> SampleProgress:
    # Most results are near 100; about one in five is below the pass mark.
    score = 100 - round(50 * result**4)
    return SampleProgress(
        created_at=created.isoformat(),
        status="completed",
        start_date=started.isoformat(),
        complete_date=_between(started, TODAY, views * 0.3).isoformat(),
        used=1,
        views=1 + int(5 * views),
        total_time=600 + int(4800 * views),
        score=score,
        passed=score >= _PASS_MARK,
    )


def _between(first: date, last: date, share: float) -> date:
    return first + timedelta(days=int((last - first).days * share))
