"""Names of groups in a roster: cells are split, and every spelling of a name stands for the first one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from attrs import define, field

from coggno._protocol.identity import group_key

_KNOWN: Final = 10_000  # combinations of cells that are looked up directly: departments repeat


class RowGroups(NamedTuple):
    """The groups of a row.

    Attributes:
        names: each once, and as it was first written.
        other_spellings: name as it is written in the row -> as it was first written, where these differ.
    """

    names: tuple[str, ...]
    other_spellings: Mapping[str, str]


@define
class GroupNames:
    """Knows how the names of groups were first written: `warehouse` is the `Warehouse` of an earlier row.

    Attributes:
        common: names of the groups that every row has, besides its own.
        marks: the characters that separate names in a cell.
    """

    common: Sequence[str]
    marks: str
    _by_key: dict[str, str] = field(factory=dict[str, str])
    _known: dict[tuple[str, ...], RowGroups] = field(factory=dict[tuple[str, ...], RowGroups])

    def of(self, cells: tuple[str, ...]) -> RowGroups:
        """Return the groups of a row with these cells."""
        found = self._known.get(cells)
        if found is None:
            found = self._found(cells)
            if len(self._known) < _KNOWN:
                self._known[cells] = found
        return found

    def _found(self, cells: tuple[str, ...]) -> RowGroups:
        own = {name: self._by_key.setdefault(group_key(name), name) for name in self._split(cells)}
        common = (self._by_key.setdefault(group_key(name), name) for name in self.common)
        others = {name: first for name, first in own.items() if first != name}
        return RowGroups(tuple(dict.fromkeys((*own.values(), *common))), others)

    def in_order(self) -> Iterator[str]:
        """Yield all names as they were first written, in the order of their first rows."""
        yield from self._by_key.values()

    def _split(self, cells: Iterable[str]) -> Iterator[str]:
        for text in cells:
            for mark in self.marks:
                text = text.replace(mark, ";")  # noqa: PLW2901
            yield from (stripped for name in text.split(";") if (stripped := name.strip()))
