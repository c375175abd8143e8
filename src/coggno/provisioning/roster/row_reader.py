"""From cells to a checked row. Every reading of an input gives the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from coggno._protocol.identity import login_key
from coggno.provisioning.outcomes import RowOutcome
from coggno.provisioning.roster.checks import warnings
from coggno.provisioning.roster.checks.plain_rows import PlainRow, plain_row
from coggno.provisioning.roster.checks.validation import problems
from coggno.provisioning.roster.columns import Columns
from coggno.provisioning.roster.group_names import GroupNames
from coggno.provisioning.roster.input import InputRow
from coggno.provisioning.roster.input.cells import as_object, foreign_kind
from coggno.provisioning.roster.other_systems import ForeignColumns
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.rows import Row


@frozen
class RowReader:
    """Turns cells into rows.

    Attributes:
        columns: which column holds which field.
        foreign: columns that only files for other systems have.
        groups: how each group was first written.
        needs_password: whether a row without a password is invalid.
    """

    columns: Columns
    foreign: ForeignColumns
    groups: GroupNames
    needs_password: bool

    def plain_row(self, given: InputRow) -> PlainRow | None:
        """Return what matters of a row if nothing can be wrong with it, and no warning is due; else it needs `row`.

        Not for rows of a file that has columns of other systems.
        """
        cells = given.cells
        if given.problem or len(cells) != len(self.columns.names):
            return None
        groups = self.groups.of(self.columns.values("group", cells))
        if groups.other_spellings:
            return None
        return plain_row(self.columns.texts(cells), groups.names, cells, needs_password=self.needs_password)

    def row(self, given: InputRow) -> Row:
        """Return the row of cells, with a rejection if something is wrong with it."""
        cells = given.cells
        person = self._person(cells)
        foreign = [] if _is_text(cells) else list(self._foreign_values(cells))
        wrong = [given.problem] if given.problem else [*foreign, *self._problems(person, cells)]
        if foreign:
            cells = self._as_objects(cells)
        if not wrong:
            return Row(given.line, self.columns.shown(cells), person)
        # Without a problem a row with missing cells at its end is sound: spreadsheets leave them out.
        is_shifted = len(cells) != len(self.columns.names)
        row = (
            self._shifted(given.line, cells, person, wrong)
            if is_shifted
            else Row(given.line, self.columns.shown(cells), person)
        )
        if given.problem:
            row.cells = (f"({given.problem})", *row.cells[1:])  # else a reader of failed.csv would skip a blank line
        row.rejection = row.result(RowOutcome.INVALID, "; ".join(wrong))
        return row

    def sound_row(self, given: InputRow) -> Row:
        """Return the row of cells that `row` has found nothing wrong with."""
        return Row(given.line, self.columns.shown(given.cells), self._person(given.cells))

    def key(self, cells: Sequence[str]) -> str:
        """Return what makes two rows the same user, without checking anything."""
        email, _, _, login, _, _ = self.columns.texts(cells)
        return login_key(login) or login_key(email)

    def warnings(self, given: InputRow, row: Row) -> Iterator[str]:
        """Yield what looks damaged in a row, with its line."""
        if row.person is not None:  # else a warning might show a password
            for text in self._warnings(given.cells, row.person):
                yield f"line {row.line}: {text}"

    def _shifted(self, line: int, cells: Sequence[str], person: Person, wrong: list[str]) -> Row:
        """Return a row with another number of cells than the header: which of them is the password is not certain."""
        uneven = self.columns.without_passwords(cells)
        if not self.columns.secret:
            return Row(line, self.columns.shown(cells), person, uneven=uneven)
        wrong.append("cells that may be the password are not shown")
        return Row(line, self.columns.shown_if_shifted(cells), None, uneven=uneven)

    def _person(self, cells: Sequence[str]) -> Person:
        email, first_name, last_name, login, password, company = self.columns.texts(cells)
        return Person(
            email=email.strip(),
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            login=login.strip() or None,
            password=password or None,
            company=company.strip() or None,
            groups=self.groups.of(self.columns.values("group", cells)).names,
        )

    def _problems(self, person: Person, cells: Sequence[str]) -> Iterator[str]:
        yield from problems(person, needs_password=self.needs_password)
        yield from self.foreign.objections(self.columns.names, cells)
        width = len(self.columns.names)
        if len(cells) > width:
            yield f"the row has {len(cells)} cells and the header {width}: is a cell with a comma not quoted?"

    def _foreign_values(self, cells: Sequence[str]) -> Iterator[str]:
        for name in self.columns.indexes:
            for cell in self.columns.values(name, cells):
                # Any text may be a password.
                if type(cell) is str and name == "password":
                    continue
                kind = foreign_kind(cell, may_be_list=name == "group")
                if kind is not None:
                    yield f"{name} is of type {kind}, not text"

    def _as_objects(self, cells: Sequence[str]) -> list[str]:
        used = {index for indexes in self.columns.indexes.values() for index in indexes}
        group = self.columns.indexes.get("group", ())
        return [
            as_object(cell) if index in used and foreign_kind(cell, may_be_list=index in group) else cell
            for index, cell in enumerate(cells)
        ]

    def _warnings(self, cells: Sequence[str], person: Person) -> Iterator[str]:
        yield from warnings.damage(person)
        yield from warnings.edges(self.columns, cells)
        for name, first in self.groups.of(self.columns.values("group", cells)).other_spellings.items():
            yield f"group {name!r} is treated as {first!r}"
        width = len(self.columns.names)
        if len(cells) < width:
            yield f"the row has {len(cells)} cells and the header {width}; the missing ones are treated as empty"


def _is_text(cells: Sequence[str]) -> bool:
    """Return whether no cell can hold another value than text, as in nearly every row."""
    return "{" not in "".join(cells) and {*map(type, cells)} <= {str}
