"""The report as CSV and as HTML: counted, escaped, and written in constant memory."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tracemalloc
from html.parser import HTMLParser

import pytest

from coggno.reports import CompletionCsv, CompletionHtml, CompletionRow, CompletionState, CompletionStatistics

NOW = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
HOSTILE = "</td><script>alert(1)</script>"


def row(state=CompletionState.NOT_STARTED, **values) -> CompletionRow:
    given = {
        "document_id": 1,
        "document": "Fire",
        "user_id": 2,
        "login": "ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "groups": ("Hall", "Night"),
        "state": state,
    }
    return CompletionRow(**{**given, **values})


def page(*rows) -> str:
    file = io.StringIO()
    with CompletionHtml(file, now=NOW) as html:
        for each in rows:
            html.add(each)
    return file.getvalue()


def test_csv_has_a_line_for_each_row():
    file = io.StringIO()
    report = CompletionCsv(file)
    report.add(row(login="=1+1"))
    report.add(row(CompletionState.PASSED, score=87.5, passed=True, complete_date=dt.date(2026, 1, 3)))
    first, second = csv.DictReader(io.StringIO(file.getvalue()))
    assert (first["login"], first["groups"], first["state"], first["passed"]) == (
        "'=1+1",
        "Hall; Night",
        "not started",
        "no",
    )
    assert (second["score"], second["passed"], second["complete_date"]) == ("87.5", "yes", "2026-01-03")
    assert first["complete_date"] == first["score"] == ""


@pytest.mark.parametrize(("score", "text"), [(98.12345, "98.12345"), (1234567.0, "1234567"), (80.0, "80")])
def test_scores_keep_all_digits(score, text):
    file = io.StringIO()
    CompletionCsv(file).add(row(CompletionState.PASSED, score=score))
    (only,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert only["score"] == text


def test_counts_by_document_and_group():
    counts = CompletionStatistics()
    for each in [row(CompletionState.PASSED), row(user_id=3, groups=()), row(CompletionState.NO_LICENSE, user_id=4)]:
        counts.add(each)
    assert (counts.total.total, counts.total.licensed, counts.total.passed, counts.total.share) == (3, 2, 1, 50)
    assert counts.by_group["Night"].total == 2
    assert counts.by_group["(no group)"].passed == 0
    assert counts.titles == {1: "Fire"}


def test_share_is_unknown_without_licenses():
    counts = CompletionStatistics()
    counts.add(row(CompletionState.NO_LICENSE))
    assert counts.total.share is None
    assert "no licenses" in page(row(CompletionState.NO_LICENSE))


def test_page_has_charts_and_people():
    whole = page(row(), row(CompletionState.PASSED, user_id=3, score=91.0), row(document_id=2, document="Water"))
    assert "2 users, 2 documents, as of 2026-03-01 09:30 UTC" in whole
    assert whole.count("<svg") == 2 + 2  # two documents, two groups
    assert "Fire: 1 of 2 (50 %) passed" in whole
    assert "<td class=n>91</td>" in whole
    assert whole.index("Water") < whole.index("Fire")  # the smallest share is the first bar


def test_people_without_a_license_are_folded_apart():
    whole = page(row(), row(CompletionState.NO_LICENSE, user_id=3))
    assert "1 person without a license" in whole


def test_empty_report_says_so():
    assert "There is nothing to show" in page()


def test_failed_report_leaves_no_page():
    file = io.StringIO()
    with pytest.raises(ValueError, match="x"), CompletionHtml(file, now=NOW) as html:
        html.add(row())
        raise ValueError("x")
    assert file.getvalue() == ""


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)


@pytest.mark.parametrize("field", ["document", "login", "first_name", "last_name", "groups", "status", "score"])
def test_hostile_names_stay_text(field):
    tags = Tags()
    tags.feed(page(row(**{field: (HOSTILE,) if field == "groups" else HOSTILE}, user_id=3)))
    assert "script" not in tags.tags


def test_memory_does_not_grow_with_documents():
    """The people of one document are kept, not those of all."""

    def peak(documents):
        tracemalloc.start()
        with open("/dev/null", "w") as null, CompletionHtml(null, now=NOW) as html:
            for number in range(documents):
                for user in range(200):
                    html.add(row(document_id=number, document=f"Document {number}", user_id=user))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40) < 2 * peak(5)
