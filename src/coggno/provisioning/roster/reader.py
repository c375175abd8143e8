"""Reads and checks a roster: columns found, every row checked, rows of one user compared. No network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from attrs import define, field, frozen

from coggno._protocol.identity import group_key
from coggno.provisioning.errors import RosterError
from coggno.provisioning.outcomes import RowOutcome
from coggno.provisioning.roster import warnings
from coggno.provisioning.roster.cells import as_object, foreign_kind
from coggno.provisioning.roster.columns import Columns, find_columns, recognized
from coggno.provisioning.roster.duplicates import compare_rows
from coggno.provisioning.roster.input_table import InputRow, InputTable
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.rows import Roster, Row
from coggno.provisioning.roster.tables import open_table
from coggno.provisioning.roster.text import Source
from coggno.provisioning.roster.validation import problems
from coggno.provisioning.roster.warnings import WarningLog


@frozen(kw_only=True)
class RosterOptions:
    """How a roster is read.

    Attributes:
        mapping: field -> column, for columns that are not called like their field, e.g. `{"email": "Work_Mail"}`.
        group: a group that every user is put into, besides those of the row.
        delimiter: the character between the cells of CSV; detected if not given.
        encoding: of the file, e.g. `"cp1252"`; UTF-8 if not given, with or without a byte order mark.
        needs_password: whether a row without a password is invalid. If not, the run decides: it generates one where it
            has a `PasswordFile`, and ends the row as invalid where it has none.
    """

    mapping: Mapping[str, str] = field(factory=dict[str, str])
    group: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    needs_password: bool = False


def read_roster(
    source: Source,
    options: RosterOptions = RosterOptions(),
) -> Roster:
    """Read and check a roster.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        options: how it is read.

    Raises:
        RosterError: the input cannot be read at all; rows that are wrong carry a rejection instead.
    """
    known = partial(recognized, mapping=options.mapping)
    table = open_table(source, delimiter=options.delimiter, encoding=options.encoding, recognized=known)
    columns = find_columns(table.header, options.mapping)
    log = WarningLog()
    log.add(warnings.company_column(columns))
    reader = _RowReader(columns, log, _common_groups(options.group), options.needs_password)
    rows = [reader.row(row) for row in table.rows]
    if not rows:
        raise RosterError(f"{table.name}: there are no rows below the header.")
    # Only now: a row may contradict one that comes later.
    compare_rows(rows)
    log.add(warnings.numeric_logins(rows))
    return _roster(table, columns, rows, log)


def _roster(table: InputTable, columns: Columns, rows: Sequence[Row], log: WarningLog) -> Roster:
    return Roster(
        name=table.name,
        header=columns.names,
        visible=columns.visible,
        rows=rows,
        unused=columns.unused,
        delimiter=table.delimiter,
        encoding=table.encoding,
        warnings=log.shown(),
    )


def _common_groups(group: str | None) -> tuple[str, ...]:
    if group is None:
        return ()
    if not group.strip():
        raise RosterError("The group for all users has an empty name.")
    return (group.strip(),)


@define
class _Spellings:
    """The first spelling of each group: `warehouse` is the `Warehouse` of an earlier row."""

    _by_key: dict[str, str] = field(factory=dict[str, str])

    def first(self, name: str) -> str:
        """Return how the group was first written, remembering it if this is the first time."""
        return self._by_key.setdefault(group_key(name), name)


@frozen
class _RowReader:
    """Turns cells into rows."""

    columns: Columns
    log: WarningLog
    common_groups: tuple[str, ...]
    needs_password: bool
    spellings: _Spellings = field(factory=_Spellings)

    def row(self, given: InputRow) -> Row:
        cells = given.cells
        person = self._person(cells)
        foreign = list(self._foreign_values(cells))
        wrong = [given.problem] if given.problem else [*foreign, *self._problems(person, cells)]
        if foreign:
            cells = self._as_objects(cells)
        # Without a problem a row with missing cells at its end is sound: spreadsheets leave them out.
        is_shifted = bool(wrong) and len(cells) != len(self.columns.names)
        row = self._shifted(given.line, cells, person, wrong) if is_shifted else self._plain(given.line, cells, person)
        if given.problem:
            row.cells = (f"({given.problem})", *row.cells[1:])  # else a reader of failed.csv would skip a blank line
        if wrong:
            row.rejection = row.result(RowOutcome.INVALID, "; ".join(wrong))
        return row

    def _plain(self, line: int, cells: Sequence[str], person: Person) -> Row:
        self.log.add(f"line {line}: {text}" for text in self._warnings(cells, person))
        return Row(line, self.columns.shown(cells, is_shifted=False), person)

    def _shifted(self, line: int, cells: Sequence[str], person: Person, wrong: list[str]) -> Row:
        """Return a row with another number of cells than the header: which of them is the password is not certain."""
        uneven = self.columns.without_passwords(cells)
        if not self.columns.secret:
            row = self._plain(line, cells, person)
            row.uneven = uneven
            return row
        wrong.append("cells that may be the password are not shown")
        return Row(line, self.columns.shown(cells, is_shifted=True), None, uneven=uneven)

    def _person(self, cells: Sequence[str]) -> Person:
        columns = self.columns
        names = chain(_split_groups(columns.values("group", cells)), self.common_groups)
        return Person(
            email=columns.value("email", cells).strip(),
            first_name=columns.value("first_name", cells).strip(),
            last_name=columns.value("last_name", cells).strip(),
            login=columns.value("login", cells).strip() or None,
            password=columns.value("password", cells) or None,
            groups=tuple(dict.fromkeys(map(self.spellings.first, names))),
        )

    def _problems(self, person: Person, cells: Sequence[str]) -> Iterator[str]:
        yield from problems(person, needs_password=self.needs_password)
        width = len(self.columns.names)
        if len(cells) > width:
            yield f"the row has {len(cells)} cells and the header {width}: is a cell with a comma not quoted?"

    def _foreign_values(self, cells: Sequence[str]) -> Iterator[str]:
        for name in self.columns.indexes:
            for cell in self.columns.values(name, cells):
                # Any text may be a password.
                kind = (
                    None
                    if name == "password" and type(cell) is str
                    else foreign_kind(cell, may_be_list=name == "group")
                )
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
        for name in _split_groups(self.columns.values("group", cells)):
            first = self.spellings.first(name)
            if first != name:
                yield f"group {name!r} is treated as {first!r}"
        width = len(self.columns.names)
        if len(cells) < width:
            yield f"the row has {len(cells)} cells and the header {width}; the missing ones are treated as empty"


def _split_groups(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for name in text.replace("|", ";").split(";"):
            if name.strip():
                yield name.strip()
