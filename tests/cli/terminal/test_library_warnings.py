"""What the client logs as a warning reaches a person as a message of the command line."""

from __future__ import annotations

import pytest

from coggno._protocol import tolerant
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import RunCommand


@pytest.mark.usefixtures("address")
def test_warning_is_a_message_without_advice_for_programs(
    coggno: RunCommand, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    # Each field is reported once in a process, and other tests may have had these.
    monkeypatch.setattr(tolerant, "_reported", set())
    sandbox.seed_user("ada")
    for field in ("last_name", "first_name"):
        sandbox.faults.add(parse_fault(f"listUsers:set=*.{field},to=null"))
        ended = coggno("users", "list")
        assert ended.code == 0
        assert ended.err.startswith(f"Warning: The response is not as the API describes it: User.{field}")
        assert ended.err.endswith("this is not reported again.\n")
        assert len(ended.err.splitlines()) == 1
