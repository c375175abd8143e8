"""A browser shows the report of a run: complete, without a request, and in a narrow window too."""

from __future__ import annotations

import pytest

from tests.provisioning.report.test_html_report import HOSTILE, written

from .test_reference import open_in_browser


@pytest.mark.browser
def test_report_needs_no_network_and_no_script(tmp_path):
    """A hostile name is text: it runs nothing, and asks for nothing."""
    path = written(tmp_path)
    page = open_in_browser(path.as_uri())
    assert page["problems"] == []
    assert page["requests"] == [path.as_uri()]
    assert page["title"].startswith("Provisioning: ")
    assert HOSTILE in page["text"]
    for words in ("What to do next", "Pace over time", "Outcomes by group", "Waiting times", "in conflict"):
        assert words.casefold() in page["text"].casefold()


@pytest.mark.browser
def test_report_fits_a_narrow_window(tmp_path):
    assert open_in_browser(written(tmp_path).as_uri())["narrow"] <= 400
