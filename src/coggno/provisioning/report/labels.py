"""What a row's outcome is called for people; the results file has the outcome itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from coggno.provisioning.outcomes import AS_WANTED, RowOutcome, RowResult

_NOT_ATTEMPTED: Final = "not attempted"
_NOT_ATTEMPTED_DETAIL: Final = re.compile(r"^not attempted: | \(the same as line \d+\)$")
_LABELS: Final[Mapping[RowOutcome, str]] = {
    RowOutcome.EXISTS: "already existing",
    RowOutcome.JOINED: "added to groups",
    RowOutcome.LEFT: "removed from groups",
    RowOutcome.CONFLICT: "in conflict",
    RowOutcome.REGISTERED_ELSEWHERE: "registered elsewhere",
}
AS_WANTED_LABELS: Final = frozenset(_LABELS.get(outcome, outcome.value) for outcome in AS_WANTED)


def label_of(result: RowResult) -> str:
    """Return what to call the outcome of a row, e.g. `already existing`."""
    # The run stopped before it came to this row: counted as failed, it would look like an error of the row.
    return _NOT_ATTEMPTED if result.not_attempted else label_of_outcome(result.outcome)


def label_of_outcome(outcome: RowOutcome) -> str:
    """Return what to call an outcome."""
    return _LABELS.get(outcome, outcome.value)


def counts_of(results: Iterable[RowResult]) -> str:
    """Return how many results have each outcome, e.g. `8 deleted, 1 failed`."""
    return ", ".join(f"{number:,} {label}" for label, number in Counter(map(label_of, results)).most_common())


def outcome_name(result: RowResult) -> str:
    """Return the outcome of a row for programs: as in the results file, but `not_attempted` where it is that."""
    return "not_attempted" if result.not_attempted else result.outcome.value


def detail_of(result: RowResult) -> str:
    """Return what there is to say about a row beyond its label."""
    # Without the label, and without the line of a row with the same user: all rows share one reason and one line.
    detail = _NOT_ATTEMPTED_DETAIL.sub("", result.detail) if result.not_attempted else result.detail
    return detail or label_of(result)
