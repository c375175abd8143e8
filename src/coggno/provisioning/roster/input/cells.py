"""Cells of rows that are not plain text, as JSON and code can hold them. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Final, cast

LIST: Final = "list"
"""The kind of a cell with several texts, which it holds separated by `;`."""
_KINDS: Final = {"bool": "boolean", "dict": "object"}  # a reader of JSON knows these names, not Python's
TOO_DEEP: Final = "(nested too deeply to show)"


class NonTextCell(str):
    """A cell that held another value than text; the text is its readable form.

    Attributes:
        kind: what it held, e.g. `"boolean"`.
    """

    __slots__ = ("kind",)
    kind: str

    @classmethod
    def of(cls, kind: str, shown: str) -> NonTextCell:
        """Return a cell that held a `kind` and reads `shown`."""
        cell = cls(shown)
        cell.kind = kind
        return cell


def cell_of(value: Any) -> str:
    """Return the cell of a value: numbers as text, lists of texts joined by `;`, others as `NonTextCell`."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""  # pandas writes NaN for an empty cell
    if isinstance(value, str):
        return value
    # A Boolean is an int in Python, and "True" would pass for somebody's name.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return _list_cell(cast("Iterable[Any]", value))
    kind = type(value).__name__
    return NonTextCell.of(_KINDS.get(kind, kind), _readable(value))


def foreign_kind(cell: str, *, may_be_list: bool) -> str | None:
    """Return what a cell holds instead of text, or `None` if it is text.

    A text that is a JSON object counts as one: `failed.csv` holds the objects of a JSON Lines roster as text, and they
    must be refused there as well.

    Args:
        cell: the cell.
        may_be_list: whether a list of texts is fine, as for groups.
    """
    if isinstance(cell, NonTextCell):
        return None if cell.kind == LIST and may_be_list else cell.kind
    return "object" if _is_json_object(cell) else None


def as_object(cell: str) -> str:
    """Return the cell in a form that `foreign_kind` recognizes after it went through a CSV file."""
    if not isinstance(cell, NonTextCell) or _is_json_object(cell):
        return cell
    return NonTextCell.of(cell.kind, json.dumps({cell.kind: cell}, ensure_ascii=False))


def _list_cell(values: Iterable[Any]) -> str:
    if isinstance(values, set | frozenset):
        values = sorted(cast("set[Any]", values), key=str)  # else another order in each process
    # Lists within lists are not followed: they may be nested deeper than Python recurses.
    cells = [_readable(value) if isinstance(value, list | tuple) else cell_of(value) for value in values]
    if any(isinstance(cell, NonTextCell) for cell in cells) or any(isinstance(each, list | tuple) for each in values):
        return NonTextCell.of("list of other values than text", _readable(cells))
    if any(mark in cell for cell in cells for mark in ";|"):
        # Joined by `;` it would become two groups.
        return NonTextCell.of("list with ; or | in a text", _readable(cells))
    return NonTextCell.of(LIST, ";".join(cells))


def _readable(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return TOO_DEEP


def _is_json_object(text: str) -> bool:
    if not (text[:1] == "{" and text[-1:] == "}"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except RecursionError:
        return True
    except ValueError:
        return False
