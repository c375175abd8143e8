"""schemathesis makes up requests from the spec, right ones and wrong ones, and judges what the sandbox answers."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from coggno.sandbox import OPERATION_IDS, Sandbox, ServerThread

from . import tools


def populated(**options: Any) -> Sandbox:
    """Return a sandbox in which small ids exist, so that more than 404 is met."""
    sandbox = Sandbox(keep=100_000, **options)
    users = [sandbox.seed_user().id for _ in range(20)]
    for number in range(10):
        sandbox.seed_group(f"Group {number}", members=users)
    for user in users:
        sandbox.seed_license(user, 1)
    return sandbox


def judge(sandbox: Sandbox, folder: Path, *options: str) -> CompletedProcess[str]:
    """Return the verdict on a sandbox; `folder` is for what schemathesis leaves behind."""
    config = tools.HERE / "schemathesis.toml"
    with ServerThread(sandbox) as url:
        arguments = ("--config-file", config, "run", tools.SPEC, "--url", url, "--no-color", *options)
        return tools.python("-m", "schemathesis.cli", *arguments, cwd=folder)


# How many are made up per operation; the spec's examples, the limits of every field and chains of requests come on top.
@pytest.mark.parametrize(("quirks", "examples"), [((), 50), (("reference",), 10)], ids=["plain", "reference"])
def test_the_sandbox_is_what_the_spec_says(tmp_path, quirks, examples):
    sandbox = populated(quirks=quirks)
    verdict = judge(sandbox, tmp_path, "--max-examples", str(examples))
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    for status in (200, 401):
        met = {each.operation for each in sandbox.requests.recent if each.status == status}
        assert met >= set(OPERATION_IDS), f"some operations never answered {status}"


def test_it_is_not_blind(tmp_path):
    findings = {
        "listUsers:status=500": "Server error",
        "listDocuments:status=418": "Undocumented status code",
        "listGroups:html=200": "Undocumented Content-Type",
        "getGroup:type=id": "Response violates schema",
        "listCompanies:status=400": "Schema-valid request rejected",
        "createGroup:status=422": "valid data was refused without a reason",
    }
    verdict = judge(populated(faults=findings), tmp_path, "--phases", "examples", "--max-examples", "1")
    assert verdict.returncode == 1
    assert [finding for finding in findings.values() if finding not in verdict.stdout] == []
