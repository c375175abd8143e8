"""schemathesis generates valid and invalid requests from the spec and checks the responses of the sandbox."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from coggno.sandbox import OPERATION_IDS, Sandbox, ServerThread

from . import tools


def populated(**options: Any) -> Sandbox:
    """Return a sandbox in which small ids exist, so that requests for them do not all end in 404."""
    sandbox = Sandbox(keep=100_000, **options)
    users = [sandbox.seed_user().id for _ in range(20)]
    for number in range(10):
        sandbox.seed_group(f"Group {number}", members=users)
    for user in users:
        sandbox.seed_license(user, 1)
    return sandbox


def run_schemathesis(sandbox: Sandbox, folder: Path, *options: str) -> CompletedProcess[str]:
    """Return the finished run of schemathesis against a sandbox; its files go into `folder`."""
    config = tools.HERE / "schemathesis.toml"
    with ServerThread(sandbox) as url:
        arguments = ("--config-file", config, "run", tools.SPEC, "--url", url, "--no-color", *options)
        return tools.python("-m", "schemathesis.cli", *arguments, cwd=folder)


# Generated requests per operation; the spec's examples, the limits of fields and chains of requests come on top.
@pytest.mark.parametrize(("quirks", "examples"), [((), 50), (("reference",), 10)], ids=["plain", "reference"])
def test_sandbox_behaves_as_specified(tmp_path, quirks, examples):
    sandbox = populated(quirks=quirks)
    finished = run_schemathesis(sandbox, tmp_path, "--max-examples", str(examples))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for status in (200, 401):
        reached = {each.operation for each in sandbox.requests.recent if each.status == status}
        assert reached >= set(OPERATION_IDS), f"some operations never responded with {status}"


def test_schemathesis_reports_mistakes(tmp_path):
    findings = {
        "listUsers:status=500": "Server error",
        "listDocuments:status=418": "Undocumented status code",
        "listGroups:html=200": "Undocumented Content-Type",
        "getGroup:type=id": "Response violates schema",
        "listCompanies:status=400": "Schema-valid request rejected",
        "createGroup:status=422": "valid data was rejected without a reason",
    }
    finished = run_schemathesis(populated(faults=findings), tmp_path, "--phases", "examples", "--max-examples", "1")
    assert finished.returncode == 1
    assert [finding for finding in findings.values() if finding not in finished.stdout] == []
