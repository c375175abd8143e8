"""The rows of a roster, checked: what a run works on and what its results refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster.input.csv_rows import DELIMITER_NAMES
from coggno.provisioning.roster.merges import Merges
from coggno.provisioning.roster.person import Person


@define(slots=True)
class Row:
    """A row of the input.

    Attributes:
        line: its line in the file, the header being line 1; its number from 1 on where the rows come from code.
        cells: the cells that results may show: of all columns but those of passwords.
        person: the user whom the row asks for; `None` where the row cannot say.
        rejection: the result of a row that the check has refused.
        merged_into: the line of the earlier row of the same user that this one was merged into.
        uneven: all cells of a row that has more or fewer than the header and was refused, passwords left out. With
            them the row is refused again when it is run again, instead of passing with its surplus cells cut off.
    """

    line: int
    cells: tuple[str, ...]
    person: Person | None
    rejection: RowResult | None = None
    merged_into: int | None = None
    uneven: tuple[str, ...] | None = None

    @property
    def digest(self) -> bytes:
        """16 bytes that are the same for rows that want the same, in any run, file or order of columns.

        The password is no part of it.
        """
        wish = self.person.wish if self.person else self.cells
        # The lengths keep ("ab", "c") and ("a", "bc") apart.
        text = "".join(f"{len(part)}:{part}" for part in wish)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def result(
        self,
        outcome: RowOutcome,
        detail: str = "",
        *,
        user_id: int | None = None,
        inferred: bool = False,
        not_attempted: bool = False,
    ) -> RowResult:
        """Return a result of this row."""
        return RowResult(
            line=self.line,
            login=self.person.effective_login if self.person else "",
            outcome=outcome,
            user_id=user_id,
            detail=detail,
            inferred=inferred,
            not_attempted=not_attempted,
        )


@frozen
class RosterRows:
    """The rows of a roster, in the input's order. Iterating over them reads the input again.

    Args:
        read: begins to read, without the rows whose line has a number other than 0 in its argument.
        count: how many rows there are.
    """

    _read: Callable[[Sequence[int]], Iterator[Row]] = field(repr=False)
    _count: int

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows.

        Raises:
            RosterError: the input cannot be read any more, or has changed since it was checked.
        """
        return self._read(())

    def without(self, left_out: Sequence[int]) -> Iterator[Row]:
        """Yield the rows but for those in some lines, which costs hardly more than to read them.

        Args:
            left_out: for each line a number, which is not 0 where the row is left out; empty for none.

        Raises:
            RosterError: as iterating.
        """
        return self._read(left_out)


@frozen(kw_only=True)
class Roster:
    """All rows of an input, checked. The rows themselves are not kept: they are read again when they are needed.

    Attributes:
        name: where it came from: the file's name, or a word for other sources.
        header: names of all columns, in the input's order.
        visible: indexes of the columns that results may show: all but those of passwords.
        rows: in the input's order.
        digest: SHA-256 of the input and of the options that change what is wanted. The passwords of a file are part of
            it, but cannot be guessed from it.
        settings: the options that it was read with, as data for JSON: `read_roster(roster.path,
            RosterOptions(**roster.settings))` reads it again.
        path: absolute path of the file; `None` for other sources.
        rejected: how many rows the check has refused, by outcome.
        groups: names of the groups of accepted rows, in the input's order.
        merged: which rows were merged into which.
        last_line: the line of the last row.
        text_size: how many characters all cells have.
        gives_passwords: whether a row has a password.
        names_companies: whether a row names a company.
        unused: names of the columns that make no difference: no field is read from them.
        delimiter: the character between the cells of CSV; `None` for other forms.
        encoding: of the input.
        warnings: what looks damaged, with its line.
    """

    name: str
    header: tuple[str, ...]
    visible: tuple[int, ...]
    rows: RosterRows
    digest: bytes
    settings: Mapping[str, Any]
    path: Path | None
    rejected: Mapping[RowOutcome, int]
    groups: tuple[str, ...]
    merged: Merges
    last_line: int
    text_size: int
    gives_passwords: bool
    names_companies: bool
    unused: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str = "utf-8"
    warnings: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that results may show, in the order of `Row.cells`."""
        return tuple(self.header[index] for index in self.visible)

    @property
    def has_password_column(self) -> bool:
        """Whether the input has a column for passwords, used or not."""
        return len(self.visible) < len(self.header)

    @property
    def delimiter_name(self) -> str | None:
        """`"comma"`, `"semicolon"`, `"tab"`, or the delimiter itself; `None` for other forms than CSV."""
        return None if self.delimiter is None else DELIMITER_NAMES.get(self.delimiter, self.delimiter)

    @property
    def accepted(self) -> Iterator[Row]:
        """The rows to carry out: neither refused by the check nor merged into another."""
        return _accepted(self.rows)

    def accepted_without(self, left_out: Sequence[int]) -> Iterator[Row]:
        """Yield the rows to carry out but for those in some lines; see `RosterRows.without`."""
        return _accepted(self.rows.without(left_out))

    @property
    def accepted_count(self) -> int:
        """How many rows are to be carried out."""
        return len(self.rows) - sum(self.rejected.values()) - len(self.merged)

    def rejections(self) -> Iterator[RowResult]:
        """Yield the results of the rows that the check has refused."""
        if not self.rejected:
            return iter(())
        return (row.rejection for row in self.rows if row.rejection is not None)


def _accepted(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row.rejection is None and row.merged_into is None)
