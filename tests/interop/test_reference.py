"""A browser shows the API reference at /docs of the sandbox, without a request to another host."""

from __future__ import annotations

import html
import json
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from coggno.sandbox import Sandbox, ServerThread
from coggno.sandbox.docs import reference

from . import tools

BAD = """<!DOCTYPE html>
<title>Bad</title>
<p id="one">Text</p>
<img src="http://elsewhere.invalid/picture.png">
<script>console.error("a problem"); throw new Error("a mistake")</script>
"""


def open_in_browser(url: str) -> dict[str, Any]:
    """Return the content, the messages and the requests of a page."""
    done = tools.node(tools.HERE / "browse.mjs", url, tools.chromium() or "")
    assert done.returncode == 0, done.stderr
    page: dict[str, Any] = json.loads(done.stdout)
    return page


@pytest.fixture(scope="module")
def page() -> Generator[dict[str, Any]]:
    """Open the page at /docs in Chromium."""
    with ServerThread(Sandbox()) as url:
        yield open_in_browser(f"{url}/docs")


@pytest.mark.browser
def test_page_shows_all_operations(page, operations):
    shown = {anchor.rpartition("operation/")[2] for anchor in page["anchors"] if "operation/" in anchor}
    assert shown == set(operations)
    assert [each["summary"] for each in operations.values() if each["summary"] not in page["text"]] == []


@pytest.mark.browser
def test_page_shows_how_calls_are_retried(page, document):
    assert page["title"] == document["info"]["title"]
    assert page["text"].count("coggno-retry") == 18


@pytest.mark.browser
def test_page_logs_no_error(page):
    assert page["problems"] == []


@pytest.mark.browser
def test_page_loads_nothing_from_other_hosts(page):
    assert [url for url in page["requests"] if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


@pytest.mark.browser
def test_browser_reports_problems():
    with ServerThread(Starlette(routes=[Route("/", lambda _: HTMLResponse(BAD))])) as url:
        page = open_in_browser(url)
    assert page["anchors"] == ["one"]
    assert {urlsplit(each).hostname for each in page["requests"]} == {"127.0.0.1", "elsewhere.invalid"}
    assert all(any(word in each for each in page["problems"]) for word in ("a problem", "a mistake", "failed:"))


@pytest.mark.parametrize("source", [(), pytest.param(("--npm",), marks=pytest.mark.node)], ids=["page", "npm"])
def test_page_is_up_to_date(source):
    done = tools.python(tools.ROOT / "docs" / "reference" / "build.py", "--check", *source)
    assert done.returncode == 0, done.stderr


def test_page_without_scripts_lists_the_operations(operations):
    page = bytes(reference().body).decode()
    table = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert table.count("<tr>") == 18
    assert [each["summary"] for each in operations.values() if html.escape(each["summary"]) not in table] == []
