"""The rows of a roster, checked: what a run works on and what its results refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import define, field, frozen

from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster.person import Person

DELIMITER_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab"}


@define(slots=True)
class Row:
    """A row of the input.

    Attributes:
        line: its line in the file, the header being line 1; its number from 1 on where the rows come from code.
        cells: the cells that results may show: of all columns but those of passwords.
        person: the user whom the row asks for; `None` where the row cannot say.
        rejection: the result of a row that the check has refused.
        merged_into: the earlier row of the same user that this one was merged into.
        uneven: all cells of a row that has more or fewer than the header and was refused, passwords left out. With
            them the row is refused again when it is run again, instead of passing with its surplus cells cut off.
    """

    line: int
    cells: tuple[str, ...]
    person: Person | None
    rejection: RowResult | None = None
    # Without `repr`: it would show the other row within this one.
    merged_into: Row | None = field(default=None, repr=False)
    uneven: tuple[str, ...] | None = None

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


@frozen(kw_only=True)
class Roster:
    """All rows of an input, checked.

    Attributes:
        name: where it came from: the file's name, or a word for other sources.
        header: names of all columns, in the input's order.
        visible: indexes of the columns that results may show: all but those of passwords.
        rows: in the input's order.
        unused: names of the columns that no field is read from.
        delimiter: the character between the cells of CSV; `None` for other forms.
        encoding: of the input.
        warnings: what looks damaged, with its line.
    """

    name: str
    header: tuple[str, ...]
    visible: tuple[int, ...]
    rows: Sequence[Row]
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
        return (row for row in self.rows if row.rejection is None and row.merged_into is None)

    def rejections(self) -> Iterator[RowResult]:
        """Yield the results of the rows that the check has refused."""
        return (row.rejection for row in self.rows if row.rejection is not None)
