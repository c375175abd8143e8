"""A roster: read from CSV, JSON Lines or code, its columns found, every row checked. No network."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from attrs import define, field, frozen

from coggno.provisioning.checks import Person, fold, problems, warnings
from coggno.provisioning.columns import Columns, find_columns
from coggno.provisioning.outcomes import Outcome, RosterError, RowResult

Source: TypeAlias = "str | os.PathLike[str] | IO[bytes] | IO[str] | Iterable[Mapping[str, Any]]"

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_LONGEST_FIELD: Final = 1 << 20  # characters of one cell
_SHOWN_WARNINGS: Final = 20


@define(slots=True)
class Row:
    """A row of the input.

    Attributes:
        line: its line in the file, the header being line 1; from code, its number from 1 on.
        cells: the columns that results may show.
        person: what is to be made; `None` where the row cannot say.
        verdict: how the row ended already in the check, if it did.
        repeats: the row that this one was merged into.
    """

    line: int
    cells: tuple[str, ...]
    person: Person | None
    verdict: RowResult | None = None
    repeats: Row | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Roster:
    """All rows of an input, checked.

    Attributes:
        name: where it came from.
        columns: names of the columns that results may show, in the input's order.
        rows: in the input's order.
        unused: columns that no field is read from.
        delimiter: `"comma"`, `"semicolon"`, `"tab"`, or `None` for other inputs.
        warnings: what looks damaged, with its line.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    unused: tuple[str, ...] = ()
    delimiter: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def people(self) -> Iterator[Row]:
        """The rows that are to be carried out: neither refused by the check nor merged into another."""
        return (row for row in self.rows if row.verdict is None and row.repeats is None)

    def verdicts(self) -> Iterator[RowResult]:
        """The rows that the check has ended."""
        return (row.verdict for row in self.rows if row.verdict is not None)


def read_roster(
    source: Source,
    *,
    mapping: Mapping[str, str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    group: str | None = None,
    needs_password: bool = True,
) -> Roster:
    """Read and check a roster.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        mapping: field -> column, for columns with names of their own.
        delimiter: of CSV; found by itself if not given.
        encoding: of the text; UTF-8 if not given, with or without a byte order mark.
        group: a group that every row shall be in as well.
        needs_password: whether a row without password is invalid; false when passwords are made.

    Raises:
        RosterError: the input cannot be read at all; rows that are wrong carry a verdict instead.
    """
    table = _open_table(source, delimiter, encoding)
    columns = find_columns(table.header, mapping or {})
    extra = (group,) if group else ()
    rows: list[Row] = []
    noted: list[str] = []
    for line, cells in table.rows:
        row = _make_row(line, cells, columns, extra, needs_password=needs_password)
        rows.append(row)
        if row.person is not None and len(noted) <= _SHOWN_WARNINGS:
            noted += (f"line {line}: {text}" for text in warnings(row.person))
    if not rows:
        raise RosterError(f"{table.name}: there are no rows below the header")
    _compare(rows)
    return Roster(
        name=table.name,
        columns=tuple(columns.names[place] for place in columns.kept),
        rows=rows,
        unused=columns.unused,
        delimiter=table.delimiter,
        warnings=tuple(noted[:_SHOWN_WARNINGS]),
    )


@frozen
class _Table:
    name: str
    header: tuple[str, ...]
    rows: Iterable[tuple[int, Sequence[str]]]
    delimiter: str | None = None


def _make_row(
    line: int, cells: Sequence[str], columns: Columns, extra: tuple[str, ...], *, needs_password: bool
) -> Row:
    groups = dict.fromkeys((*_split_groups(columns.values("group", cells)), *extra))
    person = Person(
        email=columns.value("email", cells).strip(),
        first_name=columns.value("first_name", cells).strip(),
        last_name=columns.value("last_name", cells).strip(),
        login=columns.value("login", cells).strip() or None,
        password=columns.value("password", cells) or None,
        groups=tuple(groups),
    )
    kept = tuple(cells[place] if place < len(cells) else "" for place in columns.kept)
    wrong = list(problems(person, needs_password=needs_password))
    if len(cells) > len(columns.names):
        wrong.append(f"has {len(cells)} cells, the header {len(columns.names)}")
    row = Row(line, kept, person)
    if wrong:
        row.verdict = _ended(row, Outcome.INVALID, "; ".join(wrong))
    return row


def _split_groups(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for name in text.replace("|", ";").split(";"):
            if name.strip():
                yield name.strip()


def _ended(row: Row, outcome: Outcome, detail: str) -> RowResult:
    login = row.person.sent_login if row.person else ""
    return RowResult(line=row.line, login=login, outcome=outcome, detail=detail)


def _compare(rows: Sequence[Row]) -> None:
    """Merge rows that say the same of one user, and refuse all that contradict each other."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        if row.person is not None and row.verdict is None:
            by_key.setdefault(row.person.key, []).append(row)
    for same in by_key.values():
        if len(same) > 1:
            _settle_duplicates(same)


def _settle_duplicates(same: Sequence[Row]) -> None:
    first = same[0]
    assert first.person is not None  # noqa: S101 - rows without a person are not compared
    differing = [name for name in ("email", "first_name", "last_name", "login", "password") if _differs(same, name)]
    lines = ", ".join(str(row.line) for row in same)
    if differing:
        for row in same:
            row.verdict = _ended(
                row, Outcome.REFUSED, f"lines {lines} have one login and differ in {', '.join(differing)}"
            )
        return
    groups = dict.fromkeys(itertools.chain.from_iterable(row.person.groups for row in same if row.person))
    first.person = _with_groups(first.person, tuple(groups))
    for row in same[1:]:
        row.repeats = first


def _differs(same: Sequence[Row], name: str) -> bool:
    values = {
        fold(getattr(row.person, name) or "") if name in {"email", "login"} else getattr(row.person, name)
        for row in same
    }
    return len(values) > 1


def _with_groups(person: Person, groups: tuple[str, ...]) -> Person:
    import attrs

    return attrs.evolve(person, groups=groups)


# Where rows come from


def _open_table(source: Source, delimiter: str | None, encoding: str | None) -> _Table:
    if isinstance(source, str) and source == "-":
        return _table("standard input", _decode("standard input", sys.stdin.buffer.read(), encoding), delimiter)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _table(str(path), _decode(str(path), _read_bytes(path), encoding), delimiter)
    read = getattr(source, "read", None)
    if read is not None:
        content = read()
        name = str(getattr(source, "name", "roster"))
        return _table(name, content if isinstance(content, str) else _decode(name, content, encoding), delimiter)
    return _from_mappings("rows", source)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise RosterError(f"{path} is a directory; give a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RosterError(f"{path} cannot be read: {reason}") from None


def _decode(name: str, content: bytes, encoding: str | None) -> str:
    if encoding is None and b"\0" in content:
        raise RosterError(f"{name} has NUL bytes: not UTF-8 text. Save it as CSV in UTF-8, or give --encoding (utf-16)")
    try:
        return content.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = (
            f"{name}, line {line}: not {encoding or 'UTF-8'}. Save it in UTF-8, or give --encoding (such as cp1252)"
        )
    except LookupError:
        message = f"there is no encoding {encoding!r}"
    raise RosterError(message)


def _table(name: str, text: str, delimiter: str | None) -> _Table:
    if not text.strip():
        raise RosterError(f"{name} is empty")
    if text.lstrip()[0] == "{":
        return _from_mappings(name, _json_lines(name, text), first_line=1)
    return _from_csv(name, text, delimiter)


def _from_csv(name: str, text: str, delimiter: str | None) -> _Table:
    head = text.lstrip("\r\n").split("\n", 1)[0]
    chosen = delimiter or max(_DELIMITERS, key=head.count)
    if len(chosen) != 1:
        raise RosterError(f"the delimiter must be one character, not {chosen!r}")
    csv.field_size_limit(_LONGEST_FIELD)
    rows = _csv_rows(name, text, chosen)
    _, header = next(rows, (0, ()))
    if len(header) < 2:
        raise RosterError(f"{name}: only one column with {_DELIMITERS.get(chosen, repr(chosen))}; give --delimiter")
    return _Table(name, tuple(cell.strip() for cell in header), rows, _DELIMITERS.get(chosen, chosen))


def _csv_rows(name: str, text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RosterError(f"{name}, line {line}: {error}") from None
        if any(cell.strip() for cell in cells):
            yield line, [sys.intern(cell) if len(cell) < 40 else cell for cell in cells]
        line = reader.line_num + 1


def _json_lines(name: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise RosterError(f"{name}, line {line}: not a JSON object")
        yield line, value


def _from_mappings(name: str, rows: Iterable[Any], first_line: int | None = None) -> _Table:
    numbered: Iterable[tuple[int, Any]] = rows if first_line is not None else enumerate(rows, start=1)
    kept = list(numbered)
    for number, row in kept:
        if not isinstance(row, Mapping):
            raise RosterError(f"{name}, row {number}: a {type(row).__name__}, not a mapping of columns")
    header = tuple(dict.fromkeys(str(column) for _, row in kept for column in row))
    if not header:
        raise RosterError(f"{name}: there are no rows")
    return _Table(
        name, header, ((number, [_cell(name, number, row.get(column)) for column in header]) for number, row in kept)
    )


def _cell(name: str, number: int, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ";".join(_cell(name, number, item) for item in value)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise RosterError(f"{name}, row {number}: a cell holds a {type(value).__name__}, not text")
