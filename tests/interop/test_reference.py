"""A browser shows the API reference at /docs of the sandbox, without a request to another host."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from coggno.sandbox import Sandbox, ServerThread
from coggno.sandbox.pages.viewer import operation_list

from . import tools

BAD = """<!DOCTYPE html>
<title>Bad</title>
<p id="one">Text</p>
<img src="http://elsewhere.invalid/picture.png">
<script>console.error("a problem"); throw new Error("a mistake")</script>
"""


def open_in_browser(url: str, *operation: str) -> dict[str, Any]:
    """Return the content, the messages and the requests of a page, and the response of an operation to try."""
    done = tools.node(tools.HERE / "browse.mjs", url, tools.chromium() or "", *operation)
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
    shown = {anchor.rpartition("-")[2] for anchor in page["anchors"] if anchor.startswith("operations-")}
    assert shown >= set(operations)
    assert [name for name in operations if name not in page["text"]] == []


@pytest.mark.browser
def test_page_names_the_sandbox_first(page, document):
    assert document["info"]["title"] in page["text"]
    assert page["text"].index("http://127.0.0.1:") < page["text"].index("https://beta.coggno.com")
    assert "curl http://127.0.0.1:" in page["text"]


@pytest.mark.browser
def test_page_logs_no_error(page):
    assert page["problems"] == []


@pytest.mark.browser
def test_page_loads_nothing_from_other_hosts(page):
    assert [url for url in page["requests"] if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


@pytest.mark.browser
@pytest.mark.parametrize("operation", ["listUsers", "createGroup"])
def test_page_sends_requests_with_the_test_key(operation):
    sandbox = Sandbox()
    with ServerThread(sandbox) as url:
        page = open_in_browser(f"{url}/docs", operation)
    assert page["executed"].split()[2] == "200"
    assert sandbox.requests.count(operation, status=200) == 1


@pytest.mark.browser
def test_browser_reports_problems():
    with ServerThread(Starlette(routes=[Route("/", lambda _: HTMLResponse(BAD))])) as url:
        page = open_in_browser(url)
    assert page["anchors"] == ["one"]
    assert {urlsplit(each).hostname for each in page["requests"]} == {"127.0.0.1", "elsewhere.invalid"}
    assert all(any(word in each for each in page["problems"]) for word in ("a problem", "a mistake", "failed:"))


def test_page_without_scripts_lists_the_operations(operations):
    page = operation_list("http://127.0.0.1:8000", "test_key")
    assert [name for name in operations if f"<code>{name}</code>" not in page] == []
