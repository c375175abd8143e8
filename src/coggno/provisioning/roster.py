"""A roster: its columns found, every row checked, rows of one user compared. No network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

import attrs
from attrs import define, field, frozen

from coggno.provisioning.checks import Person, fold, group_key, plain, problems, warnings
from coggno.provisioning.columns import Columns, find_columns, fold_name, recognised
from coggno.provisioning.options import RosterOptions
from coggno.provisioning.outcomes import RosterError, RowOutcome, RowResult
from coggno.provisioning.tables import DELIMITERS, LIST, InputTable, NotText, Source, open_table

_SHOWN_WARNINGS: Final = 20
_SPACE: Final = " \t\r\n\v\f"


@define(slots=True)
class Row:
    """A row of the input.

    Attributes:
        line: its line in the file, the header being line 1; from code, its number from 1 on.
        cells: the columns that results may show.
        person: what is to be made; `None` where the row cannot say.
        rejection: the result of a row that the check has refused.
        merged_into: the row that this one was merged into.
    """

    line: int
    cells: tuple[str, ...]
    person: Person | None
    rejection: RowResult | None = None
    merged_into: Row | None = field(default=None, repr=False)

    def result(
        self, outcome: RowOutcome, detail: str = "", *, user_id: int | None = None, inferred: bool = False
    ) -> RowResult:
        """Return the result of this row."""
        login = self.person.sent_login if self.person else ""
        return RowResult(
            line=self.line, login=login, outcome=outcome, user_id=user_id, detail=detail, inferred=inferred
        )


@frozen(kw_only=True)
class Roster:
    """All rows of an input, checked.

    Attributes:
        name: where it came from.
        header: names of all columns, in the input's order.
        visible: indexes of the columns that results may show: all but those of passwords.
        rows: in the input's order.
        unused: columns that no field is read from.
        delimiter: the character between the cells of CSV; `None` for other inputs.
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
        return tuple(self.header[place] for place in self.visible)

    @property
    def delimiter_name(self) -> str | None:
        """The name of the delimiter: `"comma"`, `"semicolon"`, `"tab"`, or itself; `None` for other inputs."""
        return None if self.delimiter is None else DELIMITERS.get(self.delimiter, self.delimiter)

    @property
    def accepted(self) -> Iterator[Row]:
        """The rows that are to be carried out: neither refused by the check nor merged into another."""
        return (row for row in self.rows if row.rejection is None and row.merged_into is None)

    def rejections(self) -> Iterator[RowResult]:
        """Yield the results of the rows that the check has refused."""
        return (row.rejection for row in self.rows if row.rejection is not None)


def read_roster(
    source: Source,
    options: RosterOptions = RosterOptions(),  # noqa: B008 - frozen
) -> Roster:
    """Read and check a roster.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        options: how it is read.

    Raises:
        RosterError: the input cannot be read at all; rows that are wrong carry a rejection instead.
    """
    known = partial(recognised, mapping=options.mapping)
    table = open_table(source, delimiter=options.delimiter, encoding=options.encoding, recognised=known)
    columns = find_columns(table.header, options.mapping)
    reader = _Reader(columns, Spellings(), _every_row(options.group), options.needs_password)
    notes = _Notes()
    notes.add(_about_columns(columns))
    rows = [reader.row(line, cells, notes) for line, cells in table.rows]
    if not rows:
        raise RosterError(f"{table.name}: there are no rows below the header")
    _compare(rows)
    notes.add(_about_logins(rows))
    return _roster(table, columns, rows, notes)


def _roster(table: InputTable, columns: Columns, rows: Sequence[Row], notes: _Notes) -> Roster:
    return Roster(
        name=table.name,
        header=columns.names,
        visible=columns.visible,
        rows=rows,
        unused=columns.unused,
        delimiter=table.delimiter,
        encoding=table.encoding,
        warnings=notes.shown(),
    )


def _every_row(group: str | None) -> tuple[str, ...]:
    if group is None:
        return ()
    if not group.strip():
        raise RosterError("the group that every row shall be in has no name")
    return (group.strip(),)


# One row


@define
class Spellings:
    """The first spelling of each group: `warehouse` is put into the `Warehouse` that came before."""

    _by_key: dict[str, str] = field(factory=dict[str, str])

    def first(self, name: str) -> str:
        """Return how the group was spelt first, noting it if this is the first time."""
        return self._by_key.setdefault(group_key(name), name)


@frozen
class _Reader:
    """Makes rows of cells."""

    columns: Columns
    spellings: Spellings
    every_row: tuple[str, ...]
    needs_password: bool

    def row(self, line: int, cells: Sequence[str], notes: _Notes) -> Row:
        person = self._person(cells)
        width = len(self.columns.names)
        wrong = [*self._kinds(cells), *problems(person, needs_password=self.needs_password)]
        if len(cells) > width:
            wrong.append(f"has {len(cells)} cells, the header {width}")
        is_shifted = bool(wrong) and len(cells) != width
        if is_shifted and self.columns.secret:
            wrong.append("cells that may be its password are not shown")
            row = Row(line, self.columns.shown(cells, is_shifted=True), None)
        else:
            row = Row(line, self.columns.shown(cells, is_shifted=False), person)
            notes.add(f"line {line}: {text}" for text in self._odd(cells, person))
        if wrong:
            row.rejection = row.result(RowOutcome.INVALID, "; ".join(wrong))
        return row

    def _person(self, cells: Sequence[str]) -> Person:
        columns = self.columns
        names = chain(_split_groups(columns.values("group", cells)), self.every_row)
        return Person(
            email=columns.value("email", cells).strip(),
            first_name=columns.value("first_name", cells).strip(),
            last_name=columns.value("last_name", cells).strip(),
            login=columns.value("login", cells).strip() or None,
            password=columns.value("password", cells) or None,
            groups=tuple(dict.fromkeys(map(self.spellings.first, names))),
        )

    def _kinds(self, cells: Sequence[str]) -> Iterator[str]:
        for name in self.columns.places:
            for cell in self.columns.values(name, cells):
                if isinstance(cell, NotText) and not (name == "group" and cell.kind == LIST):
                    yield f"{name} holds a {cell.kind}, not text"

    def _odd(self, cells: Sequence[str], person: Person) -> Iterator[str]:
        yield from warnings(person)
        for name in ("email", "login", "first_name", "last_name"):
            value = self.columns.value(name, cells)
            if value.strip() != value.strip(_SPACE):
                yield f"{name} begins or ends with a no-break space, which is left out"
        for name in _split_groups(self.columns.values("group", cells)):
            first = self.spellings.first(name)
            if first != name:
                yield f"group {name!r} is taken for {first!r}"
        width = len(self.columns.names)
        if len(cells) < width:
            yield f"has {len(cells)} cells, the header {width}; the last ones are taken to be empty"


def _split_groups(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for name in text.replace("|", ";").split(";"):
            if name.strip():
                yield name.strip()


# Rows of one user


def _compare(rows: Sequence[Row]) -> None:
    """Merge rows that say the same of one user, and refuse all that contradict each other.

    A row that is invalid for another reason is not merged, but may contradict: who is right cannot be known, and a
    user cannot be changed.
    """
    by_key: dict[str, list[tuple[Row, Person]]] = {}
    for row in rows:
        if row.person is not None:
            by_key.setdefault(row.person.key, []).append((row, row.person))
    for same in by_key.values():
        valid = [(row, person) for row, person in same if row.rejection is None]
        if len(same) > 1 and valid:
            _settle_duplicates(same, valid)


def _settle_duplicates(same: Sequence[tuple[Row, Person]], valid: Sequence[tuple[Row, Person]]) -> None:
    differing = [name for name, values in _said(same).items() if len(values) > 1]
    if differing:
        lines = ", ".join(str(row.line) for row, _ in same)
        detail = f"lines {lines} have one login and differ in {', '.join(differing)}"
        for row, _ in valid:
            row.rejection = row.result(RowOutcome.REFUSED, detail)
        return
    (first, person), *others = valid
    groups = dict.fromkeys(chain.from_iterable(each.groups for _, each in valid))
    first.person = attrs.evolve(person, groups=tuple(groups))
    for row, _ in others:
        row.merged_into = first


def _said(rows: Iterable[tuple[Row, Person]]) -> dict[str, set[str | None]]:
    """What rows of one login say of each field; what an invalid row leaves empty is not said."""
    said: dict[str, set[str | None]] = {"email": set(), "first_name": set(), "last_name": set(), "password": set()}
    for row, person in rows:
        values = (fold(person.email), plain(person.first_name), plain(person.last_name), person.password)
        for values_so_far, value in zip(said.values(), values, strict=True):
            if value or row.rejection is None:
                values_so_far.add(value)
    return said


# Warnings


@define
class _Notes:
    """Collects warnings, and counts those that are too many to show."""

    _texts: list[str] = field(factory=list[str])
    _more: int = 0

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            if len(self._texts) < _SHOWN_WARNINGS:
                self._texts.append(text)
            else:
                self._more += 1

    def shown(self) -> tuple[str, ...]:
        return (*self._texts, *([f"and {self._more} more of this kind"] if self._more else []))


def _about_columns(columns: Columns) -> Iterator[str]:
    for name in columns.unused:
        if fold_name(name) == "company":
            yield f"column {name!r} is not used: all rows go to the one company that the client acts for"


def _about_logins(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if row.person is not None and row.person.sent_login.isdecimal():
            yield (
                f"line {row.line}: login {row.person.sent_login!r} is a number (others may follow): "
                "Coggno may take it for a user's id, and a spreadsheet may have cut zeros at its start"
            )
            return
