"""Every error that a command can end with, as a message that says what to do now."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import typer

from coggno.cli.api_actions import action_of
from coggno.cli.exit_codes import CommandError, ExitCode, exit_code_of
from coggno.cli.terminal import output
from coggno.errors import (
    AmbiguousNameError,
    APIConnectionError,
    APIError,
    AuthenticationError,
    CoggnoError,
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
)

_ALWAYS_THERE: Final = frozenset({"listCompanies", "listDocuments", "listGroups", "listUsers"})
# Keys of profiles; that of the environment is read when a message is written.
_SECRETS: Final[set[str]] = set()
_CLASS_NAME: Final = re.compile(r"\((?:[A-Za-z]+\.)*[A-Z]\w+: ")  # of an exception, before its text
_SHOWN: Final = 10  # candidates; more would push the message itself off the screen


@contextmanager
def reported() -> Generator[None]:
    """Turn every error that a user can do something about into a message and an exit code.

    Raises:
        typer.Exit: there was such an error; it has been reported.
    """
    try:
        yield
    except CommandError as error:
        message, code = str(error), error.code
    except CoggnoError as error:
        message, code = describe(error), exit_code_of(error)
    except KeyboardInterrupt:
        message, code = "Interrupted.", ExitCode.INTERRUPTED
    except output.StdoutError as error:
        raise typer.Exit(report_stdout(error)) from None
    except OSError as error:
        raise typer.Exit(_report_os_error(error)) from None
    else:
        return
    report_error(message)
    raise typer.Exit(code)


def keep_secret(key: str) -> None:
    """Mask a key in all messages from now on."""
    _SECRETS.add(key)


def report_error(message: str) -> None:
    """Write an error to standard error, with the API key masked wherever it came from."""
    keys = [key for key in (os.environ.get("COGGNO_API_KEY"), *_SECRETS) if key]
    output.write_message("Error: " + (_mask(message, keys) if keys else message))


def _mask(message: str, keys: list[str]) -> str:
    # Imported late: most commands report no error.
    from coggno._protocol.masking import mask

    masked: str = mask(message, keys)
    return masked


def report_stdout(error: output.StdoutError) -> ExitCode:
    """Report that standard output cannot be written to, unless its reader has closed it, and return the exit code."""
    output.silence_stdout()
    if error.is_closed_pipe:
        return ExitCode.CLOSED_PIPE
    report_error(f"Cannot write to standard output: {error.reason}.")
    return ExitCode.FAILED


def flush_stdout(code: int) -> int:
    """Write out what standard output still buffers, and return the exit code that follows from `code`."""
    try:
        output.flush()
    except output.StdoutError as error:
        # The command's own failure is the more useful one to report.
        return code or report_stdout(error)
    return code


def describe(error: CoggnoError) -> str:
    """Return what happened and what the user can do about it."""
    # From special to general: an AuthenticationError is an APIStatusError, which is an APIError.
    for kind, text in _TEXTS:
        if isinstance(error, kind):
            return text(error)
    # A person at a terminal has given it in one of two ways, and knows nothing of an argument.
    return re.sub(r"^base_url\b", "The address of the API (--base-url, COGGNO_BASE_URL, or of the profile)", str(error))


def is_unspecific(error: NotFoundError) -> bool:
    """Return whether a 404 is no JSON object of the API: then it need not be about what was asked for."""
    return not isinstance(error.body, dict)


def _describe_unknown(error: OutcomeUnknownError) -> str:
    action = action_of(error.operation)
    cause = error.__cause__
    reason = f": {_message_of(cause)}" if isinstance(cause, APIError) else ""
    lines = [f"It is not known whether {action.done}{reason}."]
    if error.candidates:
        lines += ["It could be one of these:", *_listed(error.candidates)]
    lines.append(f"Check before you run the command again: {action.check}")
    return "\n".join(lines)


def _describe_ambiguous(error: AmbiguousNameError) -> str:
    return "\n".join([str(error), *_listed(error.candidates)])


def _describe_authentication(error: AuthenticationError) -> str:
    return (
        f"The server rejected the API key ({error.message}).\n"
        "See which key is used for which address: coggno whoami. Coggno shows the keys under Settings > API Keys.\n"
        "Then run coggno login, or correct COGGNO_API_KEY and COGGNO_BASE_URL."
    )


def _describe_permission(error: PermissionDeniedError) -> str:
    return (
        f"The API key does not have the permission to {action_of(error.operation).verb} ({error.message}).\n"
        "Check --company if you gave it, or ask the owner of the account."
    )


def _describe_rate_limit(error: RateLimitError) -> str:
    wait = f"in {error.retry_after.total_seconds():.0f} seconds" if error.retry_after else "later"
    return f"{_could_not(error)}.\nThe server receives too many requests; try again {wait}."


def _describe_not_found(error: NotFoundError) -> str:
    # The lists of an account always exist, so a server without one is not this API.
    if is_unspecific(error) or error.operation in _ALWAYS_THERE:
        return f"{_could_not(error)}.\nThis does not look like the Coggno API: check --base-url and COGGNO_BASE_URL."
    return f"{_could_not(error)}."


def _describe_connection(error: APIConnectionError) -> str:
    if error.outcome != "not_sent":
        return f"{_could_not(error)}."
    hint = "Nothing was sent. Check the network and the address (--base-url, COGGNO_BASE_URL; coggno whoami shows it)."
    return f"{_could_not(error)}.\n{hint}"


def _describe_decode(error: DecodeError) -> str:
    return f"{_could_not(error)}.\nIf this is not Coggno's server, check --base-url and COGGNO_BASE_URL."


def _describe_api(error: APIError) -> str:
    return f"{_could_not(error)}."


_TEXTS: Final[tuple[tuple[type[CoggnoError], Callable[[Any], str]], ...]] = (
    (OutcomeUnknownError, _describe_unknown),
    (AmbiguousNameError, _describe_ambiguous),
    (AuthenticationError, _describe_authentication),
    (PermissionDeniedError, _describe_permission),
    (RateLimitError, _describe_rate_limit),
    (NotFoundError, _describe_not_found),
    (APIConnectionError, _describe_connection),
    (DecodeError, _describe_decode),
    (APIError, _describe_api),
)


def _could_not(error: APIError) -> str:
    attempts = f" ({error.attempts} attempts)" if error.attempts > 1 else ""
    return f"Could not {action_of(error.operation).verb}: {_message_of(error).rstrip('.')}{attempts}"


def _message_of(error: APIError) -> str:
    """Return the message of an error, without the names and numbers that only a programmer knows."""
    if not isinstance(error, APIConnectionError):
        return error.message
    # Imported late: most commands report no error, and `ssl` takes a while.
    from coggno.cli.connection_reasons import connection_reason

    reason = connection_reason(error.__cause__ or error.__context__)
    if reason is None:
        return _CLASS_NAME.sub("(", error.message)
    what, _, _ = error.message.partition(" (")
    return f"{what}: {reason}"


def _report_os_error(error: OSError) -> ExitCode:
    if _is_raised_by_typer(error):
        return report_stdout(output.StdoutError(error))
    reason = error.strerror or str(error)
    report_error(f"{error.filename}: {reason}." if error.filename else f"The operating system reported: {reason}.")
    return ExitCode.FAILED


def _is_raised_by_typer(error: OSError) -> bool:
    """Return whether typer's own code raised it: its help is what typer writes to standard output itself."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    module = str(frames[-1].f_globals.get("__name__", "")) if frames else ""
    return module.partition(".")[0] in {"typer", "click"}


def _listed(found: tuple[object, ...]) -> list[str]:
    shown = [_described(output.as_data(item)) for item in found[:_SHOWN]]
    more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return [f"  {line}" for line in shown] + more


def _described(data: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in data.items() if value is not None)
