"""What happened: every committed change (the oracle of tests), and a bounded account of the requests. Leaf."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager

from attrs import define, frozen


@frozen(kw_only=True)
class Effect:
    """One committed change of state. What a request carried in secret is never part of it."""

    seq: int
    """1, 2, 3, ... in the order of the commits."""
    operation: str
    """The operation that made it, by its id: `createUser`."""
    company: int
    """The company it was made in."""
    at: float
    """When, in seconds of the sandbox's clock."""
    late: bool = False
    """Whether it was committed after its request had been answered."""
    user: int | None = None
    login: str | None = None
    group: int | None = None
    name: str | None = None
    """Name of the group or company that was made or deleted."""
    connected: int | None = None
    """Id of the company that was made."""


@frozen(kw_only=True)
class RequestRecord:
    """One request and how it was answered."""

    seq: int
    """1, 2, 3, ... in the order of arrival."""
    operation: str | None
    """`None`: the reference declares no such path and method."""
    method: str
    path: str
    """As it was sent, percent-encoded, without the query."""
    status: int | None
    """`None`: the connection was dropped without a whole answer."""
    fault: str | None
    """Class name of the injected action that decided the answer: `Drop`."""


@define
class _Open:
    """A request that is being answered."""

    seq: int
    operation: str | None
    method: str
    path: str
    status: int | None = None
    fault: str | None = None


class Requests:
    """Counts of requests per operation and status, the last ones in full, and how many ran at once.

    Args:
        keep: how many exchanges to keep.
    """

    def __init__(self, keep: int = 1000) -> None:
        self.total = 0
        """Requests that arrived."""
        self.in_flight = 0
        """Requests that have not been answered yet."""
        self.peak = 0
        """The most requests that were in flight at once."""
        self._counts: Counter[tuple[str | None, int | None]] = Counter()
        self._recent: deque[RequestRecord] = deque(maxlen=keep)

    @property
    def recent(self) -> tuple[RequestRecord, ...]:
        """The last exchanges that ended, oldest first."""
        return tuple(self._recent)

    def count(self, operation: str | None = None, *, status: int | None = None) -> int:
        """Return how many requests were answered, of one operation or all, with one status or any."""
        return sum(
            n for (op, code), n in self._counts.copy().items() if operation in {None, op} and status in {None, code}
        )

    @contextmanager
    def arrival(self, operation: str | None, method: str, path: str) -> Generator[_Open, None, None]:
        """Count a request from its arrival until the end of the block; yields what the answer is noted on."""
        self.total += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        entry = _Open(self.total, operation, method, path)
        try:
            yield entry
        finally:
            self.in_flight -= 1
            self._counts[(operation, entry.status)] += 1
            self._recent.append(
                RequestRecord(
                    seq=entry.seq,
                    operation=operation,
                    method=method,
                    path=path,
                    status=entry.status,
                    fault=entry.fault,
                )
            )
