"""Cells of files that a person may open in a spreadsheet, which runs some texts as formulas."""

from __future__ import annotations

import re
from typing import Final

# What makes a spreadsheet run a cell as a formula: the full-width forms do in some languages. Apostrophes before it
# are part of the pattern, so that a text that has one of its own stays different from one that was given one.
_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_HARMLESS: Final = re.compile(f"'{_FORMULA.pattern}")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: with `'` before it where that is needed."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def original(cell: str) -> str:
    """Return what `harmless` was given."""
    return cell[1:] if _HARMLESS.match(cell) else cell
