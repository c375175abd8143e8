"""Every error ends as one clear message and the right exit code."""

from __future__ import annotations

import pytest
import typer

from coggno import (
    AmbiguousNameError,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from coggno.cli import error_messages
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.models import Group
from coggno.sandbox import Sandbox
from tests.cli.helpers import KEY, RunCommand


def ended(error: BaseException, capsys) -> tuple[int, str]:
    with pytest.raises(typer.Exit) as exit_, error_messages.reported():
        raise error
    return exit_.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (ConfigurationError("base_url is odd"), 2, "base_url is odd"),
        (InvalidRequestError("user: empty"), 2, "user: empty"),
        (CommandError("no"), 2, "no"),
        (CommandError("later", ExitCode.STOPPED), 3, "later"),
        (AuthenticationError("no key", status_code=401), 1, "COGGNO_API_KEY"),
        (PermissionDeniedError("not yours", status_code=403), 1, "--company"),
        (NotFoundError("no such user", status_code=404), 1, "no such user"),
        (RateLimitError("slowly", status_code=429), 1, "slowly"),
        (ServerError("oops", status_code=500), 1, "oops"),
        (DecodeError("not JSON"), 1, "not JSON"),
        (APIConnectionError("refused", outcome="not_sent"), 1, "--base-url"),
        (APITimeoutError("slow", outcome="unknown"), 1, "slow"),
        (OutcomeUnknownError("lost", operation="createUser"), 1, "coggno users get LOGIN"),
        (OutcomeUnknownError("lost", operation="createGroup"), 1, "coggno groups list"),
        (OutcomeUnknownError("lost", operation="createCompany"), 1, "coggno companies list"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "people.csv"), 1, "people.csv: Permission denied"),
    ],
)
def test_an_error_is_a_message_and_a_code(capsys, error, code, hint):
    got, message = ended(error, capsys)
    assert got == code
    assert message.startswith("Error: ")
    assert hint in message
    assert "Traceback" not in message


@pytest.mark.parametrize("kind", [OutcomeUnknownError, AmbiguousNameError])
def test_candidates_are_shown_so_that_one_can_look(capsys, kind):
    groups = [Group(id=number, name="Hall\x1b") for number in range(12)]
    more = {"operation": "createGroup"} if kind is OutcomeUnknownError else {}
    _, message = ended(kind("which?", candidates=groups, **more), capsys)
    assert "id=9" in message
    assert "id=10" not in message
    assert "2 more" in message
    assert "\x1b" not in message


def test_the_key_never_shows_in_a_message(capsys, monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", KEY)
    _, message = ended(ServerError(f"who is {KEY}?", status_code=500), capsys)
    assert KEY not in message


@pytest.mark.usefixtures("address")
def test_a_write_in_doubt_says_where_to_look(coggno: RunCommand, sandbox: Sandbox):
    from coggno.sandbox import parse_fault

    sandbox.faults.add(parse_fault("createGroup:drop,after"))
    ended_ = coggno("groups", "create", "Hall")
    assert ended_.code == 1
    assert "id=1 name='Hall'" in ended_.err
    assert "Check with: coggno groups list" in ended_.err


def test_a_wrong_key_is_one_message(coggno: RunCommand, address, monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", "test_wrong")
    ended_ = coggno("users", "list")
    assert ended_.code == 1
    assert "COGGNO_API_KEY" in ended_.err
    assert "test_wrong" not in ended_.err
