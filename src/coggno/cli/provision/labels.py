"""What a row's outcome is called on the terminal; the results file has the outcome itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coggno.provisioning import RowOutcome, RowResult

_NOT_ATTEMPTED: Final = "not attempted"
_LABELS: Final[Mapping[RowOutcome, str]] = {
    RowOutcome.EXISTS: "already existing",
    RowOutcome.JOINED: "added to groups",
    RowOutcome.CONFLICT: "in conflict",
    RowOutcome.REGISTERED_ELSEWHERE: "registered elsewhere",
}


def label_of(result: RowResult) -> str:
    """Return what to call the outcome of a row, e.g. `already existing`."""
    # The run stopped before it came to this row: counted as failed, it would look like an error of the row.
    return _NOT_ATTEMPTED if is_not_attempted(result) else _LABELS.get(result.outcome, result.outcome.value)


def is_not_attempted(result: RowResult) -> bool:
    """Return whether the run ended before it began with this row."""
    return result.outcome is RowOutcome.FAILED and result.detail.startswith(_NOT_ATTEMPTED)


def detail_of(result: RowResult) -> str:
    """Return what there is to say about a row beyond its label."""
    detail = result.detail
    if is_not_attempted(result):
        detail = detail.removeprefix(_NOT_ATTEMPTED).lstrip(": ")
    return detail or label_of(result)
