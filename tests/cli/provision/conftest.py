"""Runs `coggno provision` against the sandbox."""

from __future__ import annotations

import pytest

from tests.cli.helpers import CommandResult, RunCommand


@pytest.fixture
def provision(coggno: RunCommand, address: str) -> RunCommand:
    """Run `coggno provision`, and check that no output shows a password or a traceback."""

    def run(*arguments: str, **options: str) -> CommandResult:
        ended = coggno("provision", *arguments, **options)
        assert "difference-engine" not in ended.out + ended.err
        assert "Traceback" not in ended.err
        return ended

    return run
