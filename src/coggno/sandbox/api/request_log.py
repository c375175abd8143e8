"""A bounded log of the requests: counts, the last ones in full, and how many ran at once. Leaf."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from attrs import define, frozen

_MAX_METHOD: Final = 32
_MAX_PATH: Final = 2000
"""Characters kept of a method and a path: without a bound, strangers could fill the memory through the log."""


@frozen(kw_only=True)
class RequestRecord:
    """One request and its response."""

    seq: int
    """1, 2, 3, ... in the order in which requests were received."""
    operation: str | None
    """`None`: the reference declares no such path and method."""
    method: str
    path: str
    """As sent, percent-encoded, without the query; of a long one the first 2,000 characters."""
    status: int | None
    """`None`: the connection was dropped without a complete response."""
    fault: str | None
    """Class name of the injected action that decided the response: `Drop`."""
    seconds: float
    """From its start to the end of its response, on the sandbox's clock."""

    def __str__(self) -> str:
        status = "dropped" if self.status is None else str(self.status)
        details = [f"{self.seconds * 1000:.0f} ms", *([f"fault {self.fault}"] if self.fault else [])]
        return f"{status} {self.method} {self.path} {self.operation or 'no operation'}, {', '.join(details)}"


@define
class OpenRequest:
    """A request without a response yet."""

    seq: int
    status: int | None = None
    fault: str | None = None


class RequestLog:
    """Counts of requests per operation and status, the last ones in full, and how many ran at once.

    Args:
        keep: how many records to keep.
        now: returns the time in seconds.
    """

    def __init__(self, keep: int = 1000, now: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        """Requests received."""
        self.in_flight = 0
        """Requests without a complete response yet."""
        self.peak = 0
        """The most requests that were in flight at once."""
        self._counts: Counter[tuple[str | None, int | None]] = Counter()
        self._recent: deque[RequestRecord] = deque(maxlen=keep)
        self._now = now
        self._followers: list[Callable[[RequestRecord], object]] = []

    @property
    def recent(self) -> tuple[RequestRecord, ...]:
        """The last requests that ended, oldest first."""
        return tuple(self._recent)

    def count(self, operation: str | None = None, *, status: int | None = None) -> int:
        """Return how many requests ended, of one operation or all, with one status or any."""
        # A copy: a server in another thread may count while this adds up.
        counts = self._counts.copy()
        return sum(n for (op, code), n in counts.items() if operation in {None, op} and status in {None, code})

    def follow(self, follower: Callable[[RequestRecord], object]) -> None:
        """Call `follower` with every request that ends from now on, in the thread that serves it."""
        self._followers.append(follower)

    @contextmanager
    def recording(self, operation: str | None, method: str, path: str) -> Generator[OpenRequest]:
        """Count a request from its start to the end of the block; yields what its response is noted on."""
        self.total += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        entry = OpenRequest(self.total)
        started = self._now()
        try:
            yield entry
        # Also when the client gives up, which cancels the request in process: else `in_flight` never ends.
        finally:
            self.in_flight -= 1
            self._counts[(operation, entry.status)] += 1
            self._keep(
                RequestRecord(
                    seq=entry.seq,
                    operation=operation,
                    method=method[:_MAX_METHOD],
                    path=path[:_MAX_PATH],
                    status=entry.status,
                    fault=entry.fault,
                    seconds=self._now() - started,
                )
            )

    def _keep(self, record: RequestRecord) -> None:
        self._recent.append(record)
        for follower in self._followers:
            follower(record)
