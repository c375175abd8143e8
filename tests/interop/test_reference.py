"""The reference that the sandbox serves at /docs: a browser shows it, and it needs nothing from anywhere else."""

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
<script>console.error("a complaint"); throw new Error("a mistake")</script>
"""


def opened(url: str) -> dict[str, Any]:
    """Return what Chromium sees at an address."""
    done = tools.node(tools.HERE / "browse.mjs", url, tools.chromium() or "")
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.fixture(scope="module")
def page() -> Generator[dict[str, Any]]:
    """The page at /docs, as Chromium sees it."""
    with ServerThread(Sandbox()) as url:
        yield opened(f"{url}/docs")


@pytest.mark.browser
def test_all_operations_are_on_the_page(page, operations):
    shown = {anchor.rpartition("operation/")[2] for anchor in page["anchors"] if "operation/" in anchor}
    assert shown == set(operations)
    assert [each["summary"] for each in operations.values() if each["summary"] not in page["text"]] == []


@pytest.mark.browser
def test_the_page_says_what_may_be_repeated(page, document):
    assert page["title"] == document["info"]["title"]
    assert page["text"].count("coggno-retry") == 18


@pytest.mark.browser
def test_nothing_is_complained_of(page):
    assert page["complaints"] == []


@pytest.mark.browser
def test_no_other_host_is_asked(page):
    assert [url for url in page["requests"] if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


@pytest.mark.browser
def test_the_browser_is_not_blind():
    with ServerThread(Starlette(routes=[Route("/", lambda _: HTMLResponse(BAD))])) as url:
        seen = opened(url)
    assert seen["anchors"] == ["one"]
    assert {urlsplit(each).hostname for each in seen["requests"]} == {"127.0.0.1", "elsewhere.invalid"}
    assert all(any(word in each for each in seen["complaints"]) for word in ("a complaint", "a mistake", "failed:"))


@pytest.mark.parametrize("source", [(), pytest.param(("--npm",), marks=pytest.mark.node)], ids=["page", "npm"])
def test_the_page_is_built_from_the_spec_and_redoc(source):
    done = tools.python(tools.ROOT / "docs" / "reference" / "build.py", "--check", *source)
    assert done.returncode == 0, done.stderr


def test_a_reader_without_scripts_finds_the_operations(operations):
    page = bytes(reference().body).decode()
    table = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert table.count("<tr>") == 18
    assert [each["summary"] for each in operations.values() if html.escape(each["summary"]) not in table] == []
