"""Opens a table, whichever form it has: CSV, JSON Lines, or rows from code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.csv_rows import read_csv
from coggno.provisioning.roster.input_table import InputTable
from coggno.provisioning.roster.json_rows import read_json_lines, read_mappings
from coggno.provisioning.roster.text import Source, read_text


def open_table(
    source: Source, *, delimiter: str | None, encoding: str | None, recognized: Callable[[Sequence[str]], int]
) -> InputTable:
    """Open a table.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        delimiter: of CSV; detected if not given.
        encoding: of the text; UTF-8 if not given, with or without a byte order mark.
        recognized: returns how many names of a header belong to a field.

    Raises:
        RosterError: it cannot be read; rows of CSV may still raise it, when they are read.
    """
    found = read_text(source, encoding)
    if found is None:
        return read_mappings(cast("Iterable[Any]", source))
    name, text = found
    start = text.lstrip()[:1]
    if not start:
        raise RosterError(f"{name} is empty.")
    if start == "[":
        hint = "JSON Lines has one object on each line; convert it with: jq -c '.[]'"
        raise RosterError(f"{name} is a JSON array. {hint}", line=1)
    if start == "{":
        return read_json_lines(name, text)
    return read_csv(name, text, delimiter=delimiter, encoding=encoding or "utf-8", recognized=recognized)
