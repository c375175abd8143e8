"""The report of a run as one HTML file, which needs no network and runs no scripts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from attrs import field, frozen

from coggno._html import Bar, Segment, bar_chart, cards, heading, page, paragraph, section, table
from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.report.advice import advice_for
from coggno.provisioning.report.labels import AS_WANTED_LABELS, detail_of, label_of
from coggno.provisioning.report.pace_chart import duration, pace_chart
from coggno.provisioning.report.statistics import ProblemRows, RunStatistics
from coggno.provisioning.report.timeline import Timeline
from coggno.provisioning.safe_file import replacing

_ROWS: Final = 200  # of each outcome; more are in the results file
_GROUPS: Final = 100
_TITLES: Final = ("Provisioning", "Forecast")
_SEGMENTS: Final = (
    Segment("as wanted", "good"),
    Segment("not attempted or unknown", "open"),
    Segment("needs attention", "bad"),
)


@frozen(kw_only=True)
class ReportFacts:
    """What a report is about.

    Attributes:
        roster: its name.
        is_forecast: whether nothing was changed.
        began: when the run began, in seconds since the epoch.
        seconds: how long it took.
        statistics: of all rows.
        removed: what became of users who are in no row.
        is_removal_refused: whether they were to be removed, and nobody was.
        timeline: of the run.
        stopped: why it ended early, and what to do; `None` if it did not.
        notes: further sentences about what to do next.
        files: what it is -> path, of the files of the run.
        results: name of the results file, which has all rows.
    """

    roster: str
    is_forecast: bool
    began: float
    seconds: float
    statistics: RunStatistics
    timeline: Timeline
    removed: Sequence[RowResult] = ()
    is_removal_refused: bool = False
    stopped: str | None = None
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(factory=dict[str, str])
    results: str = "results.csv"


def write_report(path: str | os.PathLike[str], facts: ReportFacts) -> None:
    """Write the report of a run.

    Args:
        path: of the file; written whole or not at all.
        facts: what it is about.

    Raises:
        RosterError: the file cannot be written.
    """
    with replacing(Path(path), encoding="utf-8", errors="replace") as file:
        file.writelines(report_html(facts))


def holds_report(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is one of `write_report`, which another run may overwrite."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return any(f"<title>{name}: ".encode() in head for name in _TITLES)


def report_html(facts: ReportFacts) -> Iterator[str]:
    """Yield the report of a run as HTML, piece by piece."""
    rows = facts.statistics.labels.total()
    # With the offset from UTC: a report is mailed to people elsewhere.
    when = datetime.fromtimestamp(facts.began).astimezone().strftime("%Y-%m-%d %H:%M %z")
    title = f"{_TITLES[facts.is_forecast]}: {facts.roster}"
    nothing = " Nothing was changed." if facts.is_forecast else ""
    lasted = "" if facts.is_forecast else f", {duration(facts.seconds)}"
    return page(title, f"{_count_rows(rows)}, {when}{lasted}.{nothing}", _body(facts))


def _body(facts: ReportFacts) -> Iterator[str]:
    yield cards(_numbers(facts))
    yield heading("What to do next")
    for sentence in _next_steps(facts):
        yield paragraph(sentence)
    yield from _problems(facts)
    if facts.removed:
        yield heading("Not in the roster")
        yield from _removed(facts.removed, facts.results)
    if facts.statistics.groups:
        yield from _groups(facts.statistics.groups)
    if not facts.is_forecast:
        yield from _time(facts)
    if facts.files:
        yield heading("Files")
        yield from table(("File", "Path"), facts.files.items())


def _numbers(facts: ReportFacts) -> dict[str, str]:
    numbers = {label: f"{count:,}" for label, count in facts.statistics.labels.most_common()}
    for label, count in Counter(map(label_of, facts.removed)).most_common():
        numbers[f"not in the roster: {label}"] = f"{count:,}"
    if not facts.is_forecast and facts.seconds:
        # Of the timeline: all rows would include those of an earlier run, and those that this run did not get to.
        numbers["rows per second"] = f"{sum(facts.timeline.slices) / facts.seconds:,.1f}"
    if facts.timeline.waited:
        numbers["waited for Coggno"] = duration(facts.timeline.waited)
    return numbers


def _next_steps(facts: ReportFacts) -> Iterator[str]:
    if facts.stopped is not None:
        yield facts.stopped
    for label, rows in facts.statistics.problems.items():
        yield f"{_count_rows(rows.count)} {label}. {advice_for(label)}"
    yield from facts.notes
    all_removed = all(result.is_as_wanted for result in facts.removed)
    if facts.stopped is None and not facts.statistics.problems and all_removed and not facts.is_removal_refused:
        would = "would be" if facts.is_forecast else "is"
        yield f"Nothing: every row {would} as the roster asks for."


def _problems(facts: ReportFacts) -> Iterator[str]:
    if facts.statistics.problems:
        yield heading("Rows that need attention")
    for label, rows in facts.statistics.problems.items():
        title = f"{label.capitalize()}: {rows.count:,}"
        yield from section(title, _problem_rows(rows, facts.results), is_open=True)


def _problem_rows(rows: ProblemRows, results: str) -> Iterator[str]:
    common, single = rows.common(), rows.single(_ROWS)
    if common:
        described = ((alike.detail, alike.rows[0].line, f"{alike.count:,}") for alike in common)
        yield from table(("Detail", "From line", "Rows"), described, numbers=2)
    if single:
        # The line last: on a narrow screen, numbers in the first column would be broken.
        rest = ((result.login, detail_of(result), result.line) for result in single)
        yield from table(("Login", "Detail", "Line"), rest, numbers=1)
    more = rows.count - len(single) - sum(alike.count for alike in common)
    if more:
        yield paragraph(f"And {more:,} more: filter the column outcome of {results}.")
    elif common:
        yield paragraph(f"Each of these rows is in {results}.")


def _removed(removed: Sequence[RowResult], results: str) -> Iterator[str]:
    # Those who could not be removed come first: only they need a person.
    ordered = sorted(removed, key=lambda result: (result.is_as_wanted, result.login.casefold()))
    yield from table(
        ("Login", "Outcome", "Detail"), ((each.login, label_of(each), each.detail) for each in ordered[:_ROWS])
    )
    if len(ordered) > _ROWS:
        yield paragraph(f"And {len(ordered) - _ROWS:,} more, at the end of {results}.")


def _groups(groups: Mapping[str, Counter[str]]) -> Iterator[str]:
    bars = [Bar(name, _shares(counts)) for name, counts in groups.items()]
    # Those with the most rows that are not done come first: a reader looks for them.
    bars.sort(key=lambda bar: (bar.counts[0] - sum(bar.counts), bar.name.casefold()))
    yield heading("Outcomes by group")
    yield f'<div class="wide">{bar_chart("Rows of each group", _SEGMENTS, bars[:_GROUPS])}</div>'
    if len(bars) > _GROUPS:
        yield paragraph(f"And {len(bars) - _GROUPS:,} more groups, with fewer rows that are not done.")


def _shares(counts: Counter[str]) -> tuple[int, int, int]:
    good = sum(count for label, count in counts.items() if label in AS_WANTED_LABELS)
    still_open = counts["not attempted"] + counts["unknown"]
    return good, still_open, counts.total() - good - still_open


def _time(facts: ReportFacts) -> Iterator[str]:
    timeline = facts.timeline
    yield heading("Pace over time")
    yield from pace_chart(timeline)
    if not timeline.waits:
        yield paragraph("The run never had to wait for Coggno.")
        return
    yield heading("Waiting times")
    yield paragraph(f"Coggno did not respond or was overloaded for {duration(timeline.waited)} altogether.")
    waits = (
        (f"{duration(wait.since)} after the start", duration(wait.seconds), wait.reason) for wait in timeline.waits
    )
    yield from table(("Since", "For", "Waiting for"), waits)


def _count_rows(number: int) -> str:
    return f"{number:,} row" if number == 1 else f"{number:,} rows"
