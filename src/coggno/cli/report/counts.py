"""The counts of a report as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from coggno._protocol.identity import alphabetical
from coggno.cli.lists.columns import Column
from coggno.reports import CompletionCounts, CompletionState, CompletionStatistics

# Best news first, as in the bars of the page.
STATES: Final = (
    CompletionState.PASSED,
    CompletionState.IN_PROGRESS,
    CompletionState.NOT_PASSED,
    CompletionState.NOT_STARTED,
    CompletionState.NO_LICENSE,
)


def count_columns(title: str) -> list[Column]:
    """Return the columns of a table of counts, whose first column has this title."""
    states = [Column(state.value.capitalize(), state.name, right=True) for state in STATES]
    return [Column(title, "name"), *states, Column("Passed %", "share", right=True)]


def count_rows(counts: Iterable[tuple[str, CompletionCounts]]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a table of counts."""
    for name, each in counts:
        numbers = {state.name: each.states[state] for state in STATES}
        yield {"name": name, **numbers, "share": each.share}


def tables(statistics: CompletionStatistics) -> list[tuple[str, list[tuple[str, CompletionCounts]]]]:
    """Return the tables of a report: a title for the first column, and counts by name."""
    documents = [(statistics.titles[number], each) for number, each in statistics.by_document.items()]
    groups = sorted(statistics.by_group.items(), key=lambda pair: alphabetical(pair[0]))
    return [("Document", documents), ("Group", groups)]
