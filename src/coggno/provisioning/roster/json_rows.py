"""Tables from JSON Lines and from mappings: the columns are the names of all objects together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.cells import cell_of
from coggno.provisioning.roster.input_table import InputRow, InputTable

_DEPTH: Final = 100  # levels of nesting; Python's parser gives up at about 1,000, depending on the version
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOO_DEEP: Final = f"the JSON object is nested more than {_DEPTH} levels deep"


class _Record(NamedTuple):
    line: int
    values: Mapping[Any, Any]
    problem: str | None = None


def read_json_lines(name: str, text: str) -> InputTable:
    """Read JSON Lines: one object a line.

    Args:
        name: of the file, for messages.
        text: its content.

    Raises:
        RosterError: a line is not a JSON object.
    """
    return _table(name, list(_records(name, text)))


def read_mappings(rows: Iterable[Any]) -> InputTable:
    """Read rows from code.

    Args:
        rows: mappings of column names to values.

    Raises:
        RosterError: there are none, or one is not a mapping.
    """
    records: list[_Record] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            message = f"Row {number} is of type {type(row).__name__}. Rows must be mappings of column names to values."
            raise RosterError(message, line=number)
        records.append(_Record(number, row))
    return _table("rows", records)


def _records(name: str, text: str) -> Iterator[_Record]:
    # Not `splitlines`: it also splits at U+2028, which JSON allows within strings.
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            yield _record(name, line, content)


def _record(name: str, line: int, content: str) -> _Record:
    if _is_deep(content):
        return _Record(line, {}, _TOO_DEEP)
    try:
        value = json.loads(content, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        message = f"{name}, line {line}, character {error.colno}: not a JSON object: {error.msg}."
        raise RosterError(message, line=line, column=error.colno) from None
    except ValueError as error:
        raise RosterError(f"{name}, line {line}: not a JSON object: {error}.", line=line) from None
    if not isinstance(value, dict):
        raise RosterError(f"{name}, line {line}: not a JSON object.", line=line)
    return _Record(line, cast("dict[str, Any]", value))


def _is_deep(content: str) -> bool:
    """Return whether a line is nested deeper than `_DEPTH`."""
    if content.count("{") + content.count("[") <= _DEPTH:
        return False  # counting is cheap, and true for nearly every row
    depth = deepest = 0
    for character in _STRING.sub("", content):
        depth += (character in "{[") - (character in "}]")
        deepest = max(deepest, depth)
    return deepest > _DEPTH


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    # Python would silently keep the last one of two e-mail addresses.
    if len(found) != len(pairs):
        raise ValueError("it has the same name twice")
    return found


def _table(name: str, records: Sequence[_Record]) -> InputTable:
    if not records:
        raise RosterError(f"{name}: there are no rows.")
    columns = tuple(dict.fromkeys(column for record in records for column in record.values))
    return InputTable(name, tuple(map(str, columns)), _rows(records, columns))


def _rows(records: Iterable[_Record], columns: Sequence[Any]) -> Iterator[InputRow]:
    for line, values, problem in records:
        yield InputRow(line, [cell_of(values.get(column)) for column in columns], problem)
