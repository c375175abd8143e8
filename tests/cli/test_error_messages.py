"""Every error ends as a message that says what to do, and the right exit code."""

from __future__ import annotations

import base64
from datetime import timedelta

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
from coggno.cli.api_actions import action_of
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.models import Group
from tests.cli.helpers import KEY, RunCommand


def ended(error: BaseException, capsys) -> tuple[int, str]:
    with pytest.raises(typer.Exit) as exit_, error_messages.reported():
        raise error
    return exit_.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (
            ConfigurationError("base_url is odd"),
            2,
            "(--base-url, COGGNO_BASE_URL, or of the profile) is odd",
        ),
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
        (KeyboardInterrupt(), 130, "Interrupted."),
        (ConnectionAbortedError(103, "Software caused connection abort"), 1, "The operating system reported: Software"),
        (PermissionError(13, "Permission denied", "people.csv"), 1, "people.csv: Permission denied"),
    ],
)
def test_error_is_a_message_and_a_code(capsys, error, code, hint):
    got, message = ended(error, capsys)
    assert got == code
    assert message.startswith("Error: ")
    assert hint in message
    assert "Traceback" not in message


@pytest.mark.parametrize("kind", [OutcomeUnknownError, AmbiguousNameError])
def test_candidates_are_listed(capsys, kind):
    groups = [Group(id=number, name="Hall\x1b") for number in range(12)]
    more = {"operation": "createGroup"} if kind is OutcomeUnknownError else {}
    _, message = ended(kind("which?", candidates=groups, **more), capsys)
    assert "\n  id 9, name Hall" in message
    assert "id 10" not in message
    assert "2 more" in message
    assert "\x1b" not in message


def test_key_is_masked_in_messages(capsys, monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", KEY)
    in_base64 = base64.b64encode(KEY.encode()).decode().rstrip("=")
    _, message = ended(ServerError(f"who is {KEY}, {in_base64}?", status_code=500), capsys)
    assert KEY not in message
    assert in_base64 not in message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ServerError("500: oops", status_code=500, operation="listUsers"),
            "Error: Could not list the users: 500: oops.\n",
        ),
        (
            NotFoundError("404: no such group", status_code=404, operation="createUser", body={}),
            "Error: Could not create the user: 404: no such group.\n",
        ),
        (
            RateLimitError("429", status_code=429, operation="getUser", retry_after=timedelta(seconds=7)),
            "Error: Could not read the user: 429.\nThe server receives too many requests; try again in 7 seconds.\n",
        ),
    ],
)
def test_message_uses_the_words_of_the_user(capsys, error, message):
    assert ended(error, capsys) == (1, message)


@pytest.mark.parametrize(
    ("operation", "body"), [("getUser", "<html>"), ("getUser", None), ("listUsers", {"error": "no such path"})]
)
def test_404_of_another_server_names_the_address(capsys, operation, body):
    error = NotFoundError("404", status_code=404, operation=operation, body=body)
    assert "does not look like the Coggno API: check --base-url" in ended(error, capsys)[1]


def test_attempts_are_counted(capsys):
    error = APITimeoutError("no response in time", outcome="unknown", operation="getGroup")
    error.attempts = 4
    assert ended(error, capsys)[1] == "Error: Could not read the group: no response in time (4 attempts).\n"


def test_every_operation_has_words():
    """An operation that the spec gains must not be reported as "the request"."""
    from coggno.sandbox import OPERATION_IDS

    assert [operation for operation in OPERATION_IDS if action_of(operation).verb == action_of(None).verb] == []


def test_wrong_key_names_the_variable(coggno: RunCommand, address, monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", "test_wrong")
    result = coggno("users", "list")
    assert result.code == 1
    assert result.err.startswith("Error: The server rejected the API key (401")
    assert "COGGNO_API_KEY" in result.err
    assert "test_wrong" not in result.err
