"""Which rows were merged into which: a few bytes for each, since a roster may name every user many times. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen


@frozen
class MergedRow:
    """A row that was merged into another one.

    Attributes:
        line: its line.
        login: its login, as it is written there.
    """

    line: int
    login: str


class Merges:
    """Lines of rows that were merged into an earlier row.

    Args:
        followers: line of a first row -> lines of the rows that were merged into it.
        logins: line of a merged row -> its login, where it is written otherwise than that of the first row.
    """

    def __init__(self, followers: Iterable[tuple[int, Sequence[int]]] = (), logins: Mapping[int, str] = {}) -> None:
        self._logins = logins
        firsts, lines = array("Q"), array("Q")
        for first, merged in followers:
            firsts.extend([first] * len(merged))
            lines.extend(merged)
        # Both ways are searched by bisection: from a row to its first one, and back.
        self._lines, self._firsts_by_line = _sorted(lines, firsts)
        self._firsts, self._followers = _sorted(firsts, lines)

    def __len__(self) -> int:
        """Return how many rows were merged."""
        return len(self._lines)

    def first_of(self, line: int) -> int | None:
        """Return the line of the row that the one in `line` was merged into, if it was."""
        at = bisect_left(self._lines, line)
        return self._firsts_by_line[at] if at < len(self._lines) and self._lines[at] == line else None

    def with_first(self, line: int, login: str) -> Iterator[MergedRow]:
        """Yield the rows that were merged into the one in `line`.

        Args:
            line: of the first row.
            login: of the first row.
        """
        at = bisect_left(self._firsts, line)
        while at < len(self._firsts) and self._firsts[at] == line:
            merged = self._followers[at]
            yield MergedRow(merged, self._logins.get(merged, login))
            at += 1


def _sorted(keys: array[int], values: array[int]) -> tuple[array[int], array[int]]:
    """Return keys in order, and the values that belong to them."""
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return array("Q", (keys[index] for index in order)), array("Q", (values[index] for index in order))
