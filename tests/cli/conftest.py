"""A sandbox on a loopback socket, and a command line that runs in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coggno.cli import main
from coggno.sandbox import Sandbox, ServerThread
from tests.cli.helpers import KEY, CommandResult, RunCommand, TypedInput, piped_input


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("COGGNO_API_KEY", "COGGNO_BASE_URL", "COGGNO_PROFILE", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    # The profiles of whoever runs the tests are none of their business.
    monkeypatch.setenv("COGGNO_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(keys=[KEY])


@pytest.fixture
def address(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the sandbox, which the environment names together with its key."""
    with ServerThread(sandbox) as url:
        monkeypatch.setenv("COGGNO_API_KEY", KEY)
        monkeypatch.setenv("COGGNO_BASE_URL", url)
        yield url


@pytest.fixture
def coggno(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Run a command in this process: `coggno("users", "list")`, with text typed or piped in."""

    def run(*arguments: str, typed: str | None = None, piped: str = "") -> CommandResult:
        monkeypatch.setattr(sys, "stdin", piped_input(piped) if typed is None else TypedInput(typed))
        code = main(arguments)
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return CommandResult(code, out, err)

    return run
