"""The report as HTML: what a person finds in it, and that no name can do anything in it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from coggno.provisioning import RosterError, RowOutcome, RowResult, Waiting
from coggno.provisioning.report import ReportFacts, RunStatistics, Timeline, holds_report, report_html, write_report
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.rows import Row

HOSTILE = """<img src=x onerror="alert('1')">"""


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class Tags(HTMLParser):
    """Collects the tags of a page, and checks that they are closed in order."""

    VOID = frozenset({"meta", "br", "wbr", "hr", "img", "link", "input", "rect"})
    OPTIONAL = frozenset({"th", "tr", "td", "p"})

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self._open = [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        while self._open and self._open[-1] != tag and self._open[-1] in self.OPTIONAL:
            self._open.pop()
        if tag not in self.VOID:
            assert self._open.pop() == tag


def row(line, *groups):
    person = Person(email=f"u{line}@example.com", first_name="A", last_name="B", groups=groups)
    return Row(line, (), person)


def statistics(*outcomes, group="Warehouse", detail=""):
    statistics = RunStatistics()
    for line, outcome in enumerate(outcomes, start=2):
        each = row(line, group)
        statistics.add(each, each.result(outcome, detail))
    return statistics


def timeline(*, waits=0):
    clock = Clock()
    timeline = Timeline(clock)
    for _ in range(20):
        clock.seconds += 0.5
        timeline.row_ended()
    for _ in range(waits):
        timeline.waiting(Waiting(since=0.0, reason=f"Coggno {HOSTILE} to respond again"))
        clock.seconds += 30
        timeline.waiting(None)
        timeline.row_ended()
    return timeline


def facts(**changes):
    given = {
        "roster": "people.csv",
        "is_forecast": False,
        "began": 0.0,
        "seconds": 12.0,
        "statistics": statistics(RowOutcome.CREATED, RowOutcome.EXISTS),
        "timeline": timeline(),
        **changes,
    }
    return ReportFacts(**given)


def html(**changes):
    return "".join(report_html(facts(**changes)))


def hostile():
    """Every text of the report that comes from a roster or a server, hostile."""
    many = RunStatistics()
    for line in range(2, 40):
        each = row(line, HOSTILE, f"{HOSTILE} {line}")
        many.add(each, RowResult(line=line, login=HOSTILE, outcome=RowOutcome.CONFLICT, detail=f"{HOSTILE} {line}"))
        many.add(each, RowResult(line=line, login=HOSTILE, outcome=RowOutcome.FAILED, detail=HOSTILE))
    return facts(
        roster=HOSTILE,
        statistics=many,
        timeline=timeline(waits=2),
        stopped=HOSTILE,
        notes=(HOSTILE,),
        files={HOSTILE: HOSTILE},
        results=HOSTILE,
    )


def written(folder):
    """A report full of hostile names, as a file."""
    path = folder / "report.html"
    write_report(path, hostile())
    return path


def test_report_has_counts_and_says_what_to_do():
    page = html(statistics=statistics(RowOutcome.CREATED, RowOutcome.CREATED, RowOutcome.CONFLICT))
    assert "<strong>2</strong> created" in page
    assert "<strong>1</strong> in conflict" in page
    assert "1 row in conflict. The login belongs to somebody with another name." in page
    assert "2 of 3 (66 %)" in page
    # Of the timeline, in which 20 rows ended: rows of an earlier run and rows that were not attempted are not in it.
    assert "<strong>1.7</strong> rows per second" in page


def test_report_of_a_perfect_run_asks_for_nothing():
    page = html()
    assert "Nothing: every row is as the roster asks for." in page
    assert "Rows that need attention" not in page
    assert "The run never had to wait for Coggno." in page


def test_stopped_run_says_how_to_continue():
    page = html(stopped="Interrupted. Run the same command again to continue.")
    assert "Interrupted. Run the same command again to continue." in page
    assert "Nothing: every row" not in page


def test_forecast_has_no_pace():
    page = html(is_forecast=True)
    assert "<title>Forecast: people.csv</title>" in page
    assert "Nothing was changed." in page
    assert "Pace" not in page
    assert "would be as the roster asks for" in page


def test_waiting_times_are_listed():
    page = html(timeline=timeline(waits=2))
    assert "1 min 00 s altogether" in page
    assert page.count("<td>30.0 s</td>") == 2
    assert page.count('<rect class="open"') == 2
    assert "<strong>1 min 00 s</strong> waited for Coggno" in page


def test_rows_that_need_a_person_are_limited():
    """With the way to the rest."""
    many = RunStatistics()
    for line in range(2, 1002):
        each = row(line)
        many.add(each, each.result(RowOutcome.CONFLICT, f"the login belongs to number {line}"))
    page = html(statistics=many)
    assert page.count("the login belongs to number") == 200
    assert "And 800 more: filter the column outcome of results.csv." in page


def test_rows_with_the_same_detail_are_one_line():
    page = html(statistics=statistics(*[RowOutcome.INVALID] * 500, detail="email is missing"))
    assert page.count("email is missing") == 1
    assert "Each of these rows is in results.csv." in page


def test_groups_with_most_problems_come_first():
    many = RunStatistics()
    for number in range(150):
        each = row(number, f"Group {number:03}")
        many.add(each, each.result(RowOutcome.FAILED if number == 77 else RowOutcome.CREATED))
    page = html(statistics=many)
    assert page.index("Group 077") < page.index("Group 000")
    assert "And 50 more groups" in page


def test_hostile_names_are_text():
    """Only tags and attributes of the report itself are in it, and all are closed."""
    page = "".join(report_html(hostile()))
    found = Tags(page)
    assert "img" not in found.tags
    assert "script" not in found.tags
    assert not any(name.startswith("on") or name in {"src", "href"} for name in found.attributes)
    assert "&lt;img src=x" in page


def test_report_loads_nothing():
    page = html(timeline=timeline(waits=1))
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")


def test_only_a_report_counts_as_one(tmp_path):
    """A page of somebody else is never overwritten."""
    assert holds_report(written(tmp_path))
    other = tmp_path / "index.html"
    other.write_text("<!doctype html><title>Provisioning</title>")
    assert not holds_report(other)
    assert not holds_report(tmp_path / "missing.html")


def test_unwritable_report_is_an_error(tmp_path):
    with pytest.raises(RosterError, match="cannot be written"):
        write_report(tmp_path / "no" / "report.html", facts())
