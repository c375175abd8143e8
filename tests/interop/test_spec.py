"""Linters report nothing in the spec, and every mistake in a broken copy of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from . import tools

pytestmark = pytest.mark.node

RULES = tools.HERE / "spectral.yaml"


def spectral(spec: Path) -> list[str]:
    """Return the rule of each finding of Spectral."""
    arguments = ("-r", RULES, "-f", "json", "--quiet", "--fail-severity", "hint", spec)
    done = tools.node(tools.program("spectral"), "lint", *arguments)
    findings = json.loads(done.stdout)
    assert done.returncode == bool(findings), done.stderr
    return [finding["code"] for finding in findings]


def redocly(spec: Path) -> list[str]:
    """Return the rule of each finding of Redocly."""
    arguments = ("--config", tools.HERE / "redocly.yaml", "--format", "json", spec)
    done = tools.node(tools.program("redocly"), "lint", *arguments)
    findings = json.loads(done.stdout)["problems"]
    assert done.returncode == bool(findings), done.stderr
    return [finding["ruleId"] for finding in findings]


@pytest.fixture
def broken(document: dict[str, Any], operations: dict[str, dict[str, Any]], tmp_path: Path) -> Path:
    """Write a copy of the spec with one mistake for each of our rules; return its path."""
    _break_operations(operations)
    _break_responses(operations)
    _break_forms(operations, document["components"])
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_spectral_reports_nothing():
    assert spectral(tools.SPEC) == []


def test_redocly_reports_nothing():
    assert redocly(tools.SPEC) == []


def test_each_of_our_rules_reports_its_mistake(broken):
    rules = yaml.safe_load(RULES.read_bytes())["rules"]
    ours = {name for name in rules if name.startswith("coggno-")}
    assert ours <= set(spectral(broken))


def test_redocly_reports_mistakes(broken):
    expected = {"operation-operationId", "operation-description", "no-invalid-media-type-examples", "request-mime-type"}
    assert expected <= set(redocly(broken))


def _break_operations(operations: dict[str, dict[str, Any]]) -> None:
    del operations["listCompanies"]["x-coggno-retry"]  # coggno-retry
    operations["listGroups"]["x-coggno-retry"] = "never"  # coggno-retry-read
    operations["createCompany"]["x-coggno-retry"] = "safe"  # coggno-retry-write, coggno-settle
    operations["createGroup"]["x-coggno-settle"]["absent"] = "perhaps"  # coggno-settle-shape
    operations["getGroup"]["x-coggno-rety"] = "safe"  # coggno-extensions
    operations["getGroup"]["parameters"].pop()  # coggno-lms
    del operations["getGroup"]["operationId"]
    del operations["listGroups"]["description"]


def _break_responses(operations: dict[str, dict[str, Any]]) -> None:
    content = _content(operations["getUser"])
    del content["schema"]["x-coggno-returns"]  # coggno-returns
    del content["examples"]["many"]  # coggno-both-examples
    del _content(operations["listUsers"])["example"]  # coggno-example-response
    _content(operations["getUserLicenses"])["example"] = {"user": 1}
    del operations["listUsers"]["responses"]["401"]  # coggno-responses
    del operations["createUser"]["responses"]["422"]  # coggno-responses-write
    del operations["deleteUser"]["responses"]["404"]  # coggno-responses-path


def _break_forms(operations: dict[str, dict[str, Any]], components: dict[str, Any]) -> None:
    bodies = operations["createUser"]["requestBody"]["content"]
    bodies["application/json"] = bodies.pop("application/x-www-form-urlencoded")  # coggno-form
    del bodies["application/json"]["example"]  # coggno-example-body
    del components["schemas"]["NewGroup"]["additionalProperties"]  # coggno-form-closed
    del components["schemas"]["NewCompany"]["properties"]["password"]["writeOnly"]  # coggno-secret
    del components["schemas"]["User"]["properties"]["login"]["examples"]  # coggno-example-property
    del components["schemas"]["User"]["properties"]["id"]["description"]  # coggno-description-property
    del components["parameters"]["GroupId"]["example"]  # coggno-example-parameter


def _content(operation: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation["responses"]["200"]["content"]["application/json"]
    return content
