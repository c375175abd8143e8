"""Fixtures for the spec and its operations; tests are skipped where a tool is missing."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml

from . import tools

METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--require`: CI names the tools that it has, so that their tests cannot be skipped unnoticed."""
    parser.addoption(
        "--require", action="append", default=[], choices=["node", "browser"], help="fail instead of skipping"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "node: needs Node and the packages of package-lock.json")
    config.addinivalue_line("markers", "browser: needs Node and Chromium")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tools are missing here, with the reason."""
    markers = {marker.name for marker in item.iter_markers()}
    if markers & {"node", "browser"}:
        _require(item, "node", tools.missing_node())
    if "browser" in markers:
        _require(item, "browser", tools.missing_chromium())


@pytest.fixture
def document() -> dict[str, Any]:
    """Return a new copy of the spec, which a test may change."""
    document: dict[str, Any] = yaml.safe_load(tools.SPEC.read_bytes())
    return document


@pytest.fixture
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of the spec by `operationId`."""
    operations = [
        operation for path in document["paths"].values() for method, operation in path.items() if method in METHODS
    ]
    return {operation["operationId"]: operation for operation in operations}


def _require(item: pytest.Item, tool: str, missing: str | None) -> None:
    if missing is not None:
        stop = pytest.fail if tool in item.config.getoption("--require") else pytest.skip
        stop(missing)
