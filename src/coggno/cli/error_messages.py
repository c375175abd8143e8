"""Every error that a command can end with, as a message on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

import typer

from coggno.cli.exit_codes import CommandError, ExitCode, exit_code_of
from coggno.cli.terminal import output
from coggno.errors import (
    AmbiguousNameError,
    APIConnectionError,
    AuthenticationError,
    CoggnoError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
)

_CHECK_WITH: Final[Mapping[str, str]] = {
    "createCompany": "coggno companies list",
    "createGroup": "coggno groups list",
    "deleteGroup": "coggno groups list",
    "deleteGroupByName": "coggno groups list",
    "createUser": "coggno users get LOGIN",
    "deleteUser": "coggno users get USER",
    "addGroupUser": "coggno groups members list GROUP",
    "removeGroupUser": "coggno groups members list GROUP",
}


_IN_A_GROUP: Final = frozenset({"getGroup", "deleteGroup", "listGroupUsers", "addGroupUser", "removeGroupUser"})


@contextmanager
def reported() -> Generator[None]:
    """Turn every error that is meant for the user into a message on standard error and an exit code."""
    try:
        yield
    except CommandError as error:
        end, code = str(error), error.code
    except CoggnoError as error:
        end, code = describe(error), exit_code_of(error)
    except KeyboardInterrupt:
        end, code = "interrupted", ExitCode.INTERRUPTED
    except BrokenPipeError:
        output.silence_stdout()
        raise typer.Exit(ExitCode.CLOSED_PIPE) from None
    except OSError as error:
        end, code = f"{error.filename or 'standard output'}: {error.strerror or error}", ExitCode.FAILED
    else:
        return
    report_error(end)
    raise typer.Exit(code)


def flush_stdout(code: int) -> int:
    """Write out what standard output still holds, and return the exit code that follows from `code`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        end = ExitCode.CLOSED_PIPE
    except OSError as error:
        report_error(f"standard output: {error.strerror}")
        end = ExitCode.FAILED
    else:
        return code
    output.silence_stdout()
    return code or end


def report_error(message: str) -> None:
    """Write an error to standard error, with the API key masked wherever it came from."""
    key = os.environ.get("COGGNO_API_KEY")
    output.say("Error: " + (message.replace(key, "***") if key else message))


def describe(error: CoggnoError) -> str:
    """Return what happened and what the user can do about it."""
    lines = [str(error)]
    if isinstance(error, OutcomeUnknownError):
        lines += _candidates(error.candidates)
        lines.append(f"Check with: {_CHECK_WITH.get(error.operation or '', 'coggno --help')}")
    elif isinstance(error, AmbiguousNameError):
        lines += _candidates(error.candidates)
    elif isinstance(error, NotFoundError) and error.operation in _IN_A_GROUP:
        lines.append("Groups and their ids: coggno groups list; who is in one: coggno groups members list GROUP")
    elif isinstance(error, AuthenticationError):
        lines.append("Is COGGNO_API_KEY the key of this address? Keys stand on Coggno's page Settings > API Keys.")
    elif isinstance(error, PermissionDeniedError):
        lines.append("The key may not do this; ask the owner of the account, or look at --company.")
    elif isinstance(error, APIConnectionError) and error.outcome == "not_sent":
        lines.append("Nothing was sent. Is the address right (--base-url, COGGNO_BASE_URL) and the network up?")
    return "\n".join(lines)


def _candidates(found: tuple[object, ...]) -> list[str]:
    shown = [" ".join(f"{name}={value!r}" for name, value in output.as_data(item).items()) for item in found[:10]]
    more = [f"  and {len(found) - 10} more"] if len(found) > 10 else []
    return [f"  {line}" for line in shown] + more
