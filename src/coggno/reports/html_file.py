"""The report as one HTML file: charts by document and by group, then the people of each document."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Final, Self

from coggno._html import Bar, Segment, bar_chart, cards, heading, page, paragraph, section, table
from coggno._protocol.identity import alphabetical
from coggno.reports.completion_row import CompletionRow, CompletionState
from coggno.reports.statistics import CompletionCounts, CompletionStatistics

_KINDS: Final[Mapping[CompletionState, str]] = {
    CompletionState.PASSED: "good",
    CompletionState.IN_PROGRESS: "open",
    CompletionState.NOT_PASSED: "bad",
    CompletionState.NOT_STARTED: "other",
    CompletionState.NO_LICENSE: "none",
}
_SEGMENTS: Final = [Segment(state.value, kind) for state, kind in _KINDS.items()]
_TITLES: Final = ("Last name", "First name", "Login", "Groups", "State", "Started", "Completed", "Score")
_NOTE: Final = "passed, of those with a license"
_PIECE: Final = 1 << 16  # characters that are copied at a time


class CompletionHtml:
    """Writes a report as HTML; a context manager, at whose end the file is complete.

    The rows of a document must follow each other, as `completion` yields them. They are kept in a temporary file until
    the charts, which stand above them, are known.

    Args:
        file: a text file that is open for writing in UTF-8.
        now: when the report was made.
    """

    def __init__(self, file: IO[str], *, now: dt.datetime) -> None:
        self._file = file
        self._now = now
        self._statistics = CompletionStatistics()
        self._people: set[int] = set()
        self._rows: list[CompletionRow] = []
        self._sections = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - `__exit__` closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._sections:
            if kind is None:
                self._finish()

    def add(self, row: CompletionRow) -> None:
        """Add a row."""
        if self._rows and self._rows[0].document_id != row.document_id:
            self._write_section()
        self._rows.append(row)
        self._people.add(row.user_id)
        self._statistics.add(row)

    def _write_section(self) -> None:
        rows, self._rows = self._rows, []
        counts = self._statistics.by_document[rows[0].document_id]
        self._sections.writelines(section(f"{rows[0].document}: {_passed(counts)} passed", _people(rows)))

    def _finish(self) -> None:
        if self._rows:
            self._write_section()
        self._sections.seek(0)
        self._file.writelines(page("Who has finished what", self._subtitle(), self._body()))

    def _subtitle(self) -> str:
        users, documents = len(self._people), len(self._statistics.by_document)
        made = self._now.strftime("%Y-%m-%d %H:%M %Z").strip()
        return f"{_count(users, 'user', 'users')}, {_count(documents, 'document', 'documents')}, as of {made}"

    def _body(self) -> Iterator[str]:
        counts = self._statistics
        if not counts.total.total:
            yield paragraph("There is nothing to show: no user has a license for one of the documents.")
            return
        yield cards(_numbers(counts.total))
        yield heading("By document")
        documents = [(counts.titles[number], each) for number, each in counts.by_document.items()]
        yield bar_chart("Users by state, for each document", _SEGMENTS, _bars(documents), note=_NOTE)
        yield heading("By group")
        yield bar_chart(
            "Users and documents by state, for each group", _SEGMENTS, _bars(counts.by_group.items()), note=_NOTE
        )
        yield paragraph("A user of several groups counts in each of them.")
        yield heading("People")
        yield paragraph("Open a document to see its people; those who have not started or not passed are first.")
        while piece := self._sections.read(_PIECE):
            yield piece


def _bars(counts: Iterable[tuple[str, CompletionCounts]]) -> list[Bar]:
    """Return a bar for each of them; the smallest share of people who have passed is first, to be seen first."""
    # Nobody with a license has nothing to do: 101 puts those at the end.
    ordered = sorted(counts, key=lambda pair: (101 if pair[1].share is None else pair[1].share, alphabetical(pair[0])))
    return [Bar(name, [each.states[state] for state in _KINDS], _passed(each)) for name, each in ordered]


def _people(rows: list[CompletionRow]) -> Iterator[str]:
    licensed = [row for row in rows if row.state is not CompletionState.NO_LICENSE]
    if licensed:
        yield from table(_TITLES, map(_cells, licensed), kinds=(_KINDS[row.state] for row in licensed), numbers=1)
    others = rows[len(licensed) :]
    if others:
        # Folded: where few need a training, these are most of the people, and have nothing to do.
        people = table(_TITLES[:4], (_cells(row)[:4] for row in others))
        yield from section(f"{_count(len(others), 'person', 'people')} without a license", people)


def _cells(row: CompletionRow) -> list[object]:
    score = f"{row.score:g}" if isinstance(row.score, int | float) else row.score
    # The API sends 0 for it, which reads as a bad result.
    is_begun = row.state is not CompletionState.NOT_STARTED
    return [
        row.last_name,
        row.first_name,
        row.login,
        ", ".join(row.groups),
        row.state.value,
        row.start_date,
        row.complete_date,
        score if is_begun else None,
    ]


def _numbers(counts: CompletionCounts) -> dict[str, str]:
    return {state.value: f"{counts.states[state]:,}" for state in _KINDS}


def _passed(counts: CompletionCounts) -> str:
    if counts.share is None:
        return "no licenses"
    return f"{counts.passed:,} of {counts.licensed:,} ({counts.share} %)"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
