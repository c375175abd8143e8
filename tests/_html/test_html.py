"""Pages are self-contained, and no text from the API becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from coggno._html import Bar, Segment, bar_chart, cards, heading, page, paragraph, section, table, text

HOSTILE = "<script>alert('\"1\"')</script>"
SEGMENTS = (Segment("passed", "good"), Segment("not started", "none"))


class Elements(HTMLParser):
    """Collects elements, attributes and text, as a browser would find them."""

    def __init__(self):
        super().__init__()
        self.tags, self.values, self.texts, self.open = [], {}, [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values.update(attrs)

    def handle_data(self, data):
        self.texts.append(data)


def parsed(*pieces):
    elements = Elements()
    elements.feed("".join(pieces))
    elements.close()
    return elements


@pytest.mark.parametrize(
    "pieces",
    [
        [heading(HOSTILE)],
        [paragraph(HOSTILE)],
        [cards({HOSTILE: HOSTILE})],
        section(HOSTILE, []),
        table([HOSTILE], [[HOSTILE]], kinds=[HOSTILE]),
        [bar_chart(HOSTILE, [Segment(HOSTILE, "good")], [Bar(HOSTILE, [1])])],
        page(HOSTILE, HOSTILE, []),
    ],
    ids=["heading", "paragraph", "cards", "section", "table", "chart", "page"],
)
def test_hostile_text_stays_text(pieces):
    elements = parsed(*pieces)
    assert "script" not in elements.tags
    assert "onload" not in elements.values
    assert any(HOSTILE in found for found in [*elements.texts, *filter(None, elements.values.values())])


def test_hidden_and_reversing_characters_are_replaced():
    assert text("a\u202eb\x00c\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert text("می\u200cخواهم") == "می\u200cخواهم"
    text("a\ud800").encode()


def test_page_may_load_nothing():
    whole = "".join(page("Report", "today", [paragraph("x")]))
    assert "default-src 'none'" in whole
    assert "http://" not in whole
    assert "https://" not in whole
    assert "src=" not in whole.replace("-src=", "")


def test_bars_fill_their_width():
    chart = bar_chart("By group", SEGMENTS, [Bar("Hall", [1, 3]), Bar("Empty", [0, 0])])
    assert 'x="0.000" width="25.000"' in chart
    assert 'x="25.000" width="75.000"' in chart
    assert "1 of 4 (25 %)" in chart
    assert 'aria-label="Hall: 1 passed, 3 not started"' in chart
    assert "<td class=n>0</td>" in chart


def test_only_everybody_is_100_percent():
    assert "1,999 of 2,000 (99 %)" in bar_chart("x", SEGMENTS, [Bar("Hall", [1999, 1])])


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of good"):
        Segment("passed", "green")


def test_table_aligns_numbers_and_colors_rows():
    whole = "".join(table(["Name", "Score"], [["Ada", 9], ["Bob", None]], kinds=["good", None], numbers=1))
    assert '<tr class="good"><td>Ada</td><td class=n>9</td></tr>' in whole
    assert "<tr><td>Bob</td><td class=n></td></tr>" in whole


def test_rows_are_written_one_at_a_time():
    """A report of a million rows must not be held in memory."""
    taken = []

    def rows():
        for number in range(3):
            taken.append(number)
            yield [number]

    pieces = table(["Number"], rows())
    next(pieces), next(pieces), next(pieces)
    assert taken == [0]


def test_only_very_long_words_may_be_broken():
    """A browser breaks any word where it may, and then logins beside a long sentence."""
    style = "".join(page("Report", "today", []))
    assert "td { overflow-wrap" not in style
    login = "a.rather.long.name@department.example.com"
    row = "".join(table(["Login", "Detail"], [["ada@example.com", f"{'x' * 39}&{'<' * 45} {login}\0"]]))
    assert "<td>ada@example.com</td>" in row
    assert f"{'x' * 39}&amp;<wbr>{'&lt;' * 40}<wbr>{'&lt;' * 5} " in row
    assert row.count("<wbr>") == 3
