"""A header and rows of cells, whatever they were read from. What the cells mean is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from attrs import frozen


class InputRow(NamedTuple):
    """A row as it was read.

    Attributes:
        line: where it begins, from 1 on.
        cells: its cells.
        problem: why the cells cannot be read, if so.
    """

    line: int
    cells: Sequence[str]
    problem: str | None = None


@frozen
class InputTable:
    """A header and its rows.

    Attributes:
        name: where it came from.
        header: names of the columns.
        read: yields the rows one by one, from the first on each time that it is called.
        digest: returns the SHA-256 digest of what is read.
        delimiter: the character between the cells of CSV; `None` for other forms.
        encoding: of the file.
        path: of the file, absolute; `None` for other sources.
        warnings: what a person should know of how it was read.
    """

    name: str
    header: tuple[str, ...]
    read: Callable[[], Iterator[InputRow]]
    digest: Callable[[], bytes]
    delimiter: str | None = None
    encoding: str = "utf-8"
    path: Path | None = None
    warnings: tuple[str, ...] = ()
