"""Cells of forms that know numbers, dates and Booleans: workbooks and Parquet. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from coggno.provisioning.roster.input.cells import cell_of

_EXACT: Final = 1e15  # spreadsheets keep 15 digits; the rest of a longer number is lost


def typed_cell(value: Any) -> str:
    """Return the cell of a value.

    A whole number has no decimal point, a date is as in ISO 8601, and a number that a spreadsheet has rounded is
    written as one, so that it is warned of. Other values than these and text become a `NonTextCell`.
    """
    if type(value) is str:
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) < _EXACT else f"{value:.14E}"
    if isinstance(value, datetime):
        # A date without a time of day is a date, whatever type the column has.
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return cell_of(value)
