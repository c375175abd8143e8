"""How a command ends: exit codes, and one clear message for every error."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

import typer

from coggno.cli import output
from coggno.errors import (
    AmbiguousNameError,
    APIConnectionError,
    AuthenticationError,
    CoggnoError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
)


class ExitCode(enum.IntEnum):
    """What the exit code of a command means."""

    OK = 0
    FAILED = 1
    """The API refused or could not be reached; or a run finished and some rows are not as wanted."""
    UNUSABLE = 2
    """Bad arguments, settings or roster. Nothing was sent."""
    STOPPED = 3
    """Stopped early; the same command goes on."""
    INTERRUPTED = 130
    """Ctrl-C."""
    CLOSED_PIPE = 141
    """Nobody reads the output any more, as in `| head -1`."""


class CommandError(Exception):
    """Ends a command with a message and an exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


_LOOK: Final[Mapping[str, str]] = {
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
def explained() -> Generator[None]:
    """Turn every error that is meant for a person into a message on standard error and an exit code."""
    try:
        yield
    except CommandError as error:
        end, code = str(error), error.code
    except CoggnoError as error:
        end, code = describe(error), code_of(error)
    except KeyboardInterrupt:
        end, code = "interrupted", ExitCode.INTERRUPTED
    except BrokenPipeError:
        output.silence_stdout()
        raise typer.Exit(ExitCode.CLOSED_PIPE) from None
    except OSError as error:
        end, code = f"{error.filename or 'standard output'}: {error.strerror or error}", ExitCode.FAILED
    else:
        return
    say_error(end)
    raise typer.Exit(code)


def flushed(code: int) -> int:
    """Write out what standard output still holds, and return the exit code that follows from `code`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        end = ExitCode.CLOSED_PIPE
    except OSError as error:
        say_error(f"standard output: {error.strerror}")
        end = ExitCode.FAILED
    else:
        return code
    output.silence_stdout()
    return code or end


def say_error(message: str) -> None:
    """Write an error to standard error. The API key never shows, whoever put it into the message."""
    key = os.environ.get("COGGNO_API_KEY")
    output.say("Error: " + (message.replace(key, "***") if key else message))


def code_of(error: CoggnoError) -> ExitCode:
    """Return the exit code for an error of the client or of a roster: a `ValueError` is about what was given."""
    return ExitCode.UNUSABLE if isinstance(error, ValueError) else ExitCode.FAILED


def describe(error: CoggnoError) -> str:
    """Return what to tell a person of an error: what happened, and what to do about it."""
    lines = [str(error)]
    if isinstance(error, OutcomeUnknownError):
        lines += _candidates(error.candidates)
        lines.append(f"Look with: {_LOOK.get(error.operation or '', 'coggno --help')}")
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


def _candidates(things: tuple[object, ...]) -> list[str]:
    shown = [" ".join(f"{name}={value!r}" for name, value in output.as_data(thing).items()) for thing in things[:10]]
    more = [f"  and {len(things) - 10} more"] if len(things) > 10 else []
    return [f"  {line}" for line in shown] + more
