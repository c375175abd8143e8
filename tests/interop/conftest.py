"""What the rigs share: the operations of the spec, and what to do where a tool is missing."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml

from . import tools

METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let CI say which tools are there: a rig that is skipped judges nothing."""
    parser.addoption("--require", action="append", default=[], choices=["node", "browser"], help="fail, do not skip")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    config.addinivalue_line("markers", "node: needs Node and the packages of package-lock.json")
    config.addinivalue_line("markers", "browser: needs Node and Chromium")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here, and say why."""
    marks = {mark.name for mark in item.iter_markers()}
    if marks & {"node", "browser"}:
        _need(item, "node", tools.missing_node())
    if "browser" in marks:
        _need(item, "browser", tools.missing_chromium())


@pytest.fixture
def document() -> dict[str, Any]:
    """The spec as it was read, for a test to read or to break."""
    document: dict[str, Any] = yaml.safe_load(tools.SPEC.read_bytes())
    return document


@pytest.fixture
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operations of the spec, by their id."""
    found = [each for path in document["paths"].values() for method, each in path.items() if method in METHODS]
    return {operation["operationId"]: operation for operation in found}


def _need(item: pytest.Item, tool: str, missing: str | None) -> None:
    if missing is not None:
        end = pytest.fail if tool in item.config.getoption("--require") else pytest.skip
        end(missing)
