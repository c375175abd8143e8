"""The exit codes are those of the one table that explains them, and every error and every run has one."""

from __future__ import annotations

import pytest

from coggno import AuthenticationError, ConfigurationError, InvalidRequestError
from coggno.cli.exit_codes import MEANINGS, ExitCode, exit_code_of, exit_code_of_run
from coggno.provisioning import RosterError, RunStatus
from tests.cli.helpers import RunCommand


def test_table_has_every_exit_code():
    assert list(MEANINGS) == sorted(ExitCode)


@pytest.mark.parametrize("width", [30, 46, 60, 80, 200])
def test_help_has_the_table_at_every_width(coggno: RunCommand, monkeypatch, width):
    """One line at least for each code, whose text is indented and never broken within a word."""
    monkeypatch.setenv("COLUMNS", str(width))
    _, _, table = coggno("provision", "--help").out.partition("\nExit codes:\n")
    lines = table.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("    ")] == [str(code.value) for code in ExitCode]
    assert max(map(len, lines)) <= width
    words = " ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()).replace("`", "").split()
    assert " ".join(lines).split() == words


@pytest.mark.parametrize("command", [(), ("provision",), ("users", "list"), ("sandbox",)])
def test_help_fits_a_narrow_terminal(coggno: RunCommand, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "46")
    described = coggno(*command, "--help").out.partition("\n  Example")[0]
    assert max(map(len, described.splitlines())) <= 46


@pytest.mark.parametrize(
    ("status", "is_interrupted", "is_written", "code"),
    [
        (RunStatus.COMPLETE, False, True, ExitCode.OK),
        (RunStatus.COMPLETE, False, False, ExitCode.FAILED),
        (RunStatus.INCOMPLETE, False, True, ExitCode.FAILED),
        (RunStatus.STOPPED, False, False, ExitCode.STOPPED),
        (RunStatus.STOPPED, True, True, ExitCode.INTERRUPTED),
    ],
)
def test_run_has_an_exit_code(status, is_interrupted, is_written, code):
    assert exit_code_of_run(status, is_interrupted=is_interrupted, is_written=is_written) is code


def test_every_status_of_a_run_has_a_code():
    for status in RunStatus:
        assert exit_code_of_run(status, is_interrupted=False, is_written=True) in ExitCode


def test_mistakes_of_the_user_are_invalid():
    """Nothing was sent; every other error came from the API or the network."""
    for error in (ConfigurationError("x"), InvalidRequestError("x"), RosterError("x")):
        assert exit_code_of(error) is ExitCode.INVALID
    assert exit_code_of(AuthenticationError("401", status_code=401)) is ExitCode.FAILED
