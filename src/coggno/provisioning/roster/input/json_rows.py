"""Tables from JSON Lines and from mappings: the columns are the names of all objects together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.input.input_table import InputTable
from coggno.provisioning.roster.input.packed import PackedRows
from coggno.provisioning.roster.input.text import Text

_DEPTH: Final = 100  # levels of nesting; Python's parser gives up at about 1,000, depending on the version
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOO_DEEP: Final = f"the JSON object is nested more than {_DEPTH} levels deep"


def read_json_lines(text: Text) -> InputTable:
    """Read JSON Lines: one object a line.

    Args:
        text: of the file.

    Raises:
        RosterError: a line is not a JSON object.
    """
    rows = PackedRows(text.name)
    # Lines end with LF only: JSON allows U+2028 and the like within strings.
    for line, content in enumerate(text.lines("\n"), start=1):
        if _is_deep(content):
            rows.add(line, {}, _TOO_DEEP)
        elif content.strip():
            rows.add(line, _object_in(text.name, line, content))
    return rows.table()


def read_mappings(rows: Iterable[Any], first: int = 1) -> InputTable:
    """Read rows from code. They are copied: what happens to them afterwards changes nothing.

    Args:
        rows: mappings of column names to values.
        first: the number of the first row.

    Raises:
        RosterError: there are none, or one is not a mapping.
    """
    packed = PackedRows("rows")
    for number, row in enumerate(rows, start=first):
        if not _is_mapping(row):
            message = f"Row {number} is of type {type(row).__name__}. Rows must be mappings of column names to values."
            raise RosterError(message, line=number)
        packed.add(number, row)
    return packed.table()


def _is_mapping(row: Any) -> bool:
    return isinstance(row, Mapping)


def _object_in(name: str, line: int, content: str) -> dict[str, Any]:
    try:
        value = json.loads(content, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        message = f"{name}, line {line}, character {error.colno}: not a JSON object: {error.msg}."
        raise RosterError(message, line=line, column=error.colno) from None
    except ValueError as error:
        raise RosterError(f"{name}, line {line}: not a JSON object: {error}.", line=line) from None
    if not isinstance(value, dict):
        raise RosterError(f"{name}, line {line}: not a JSON object.", line=line)
    return cast("dict[str, Any]", value)


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
