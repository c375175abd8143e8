"""Which exit code a command ends with, and what each means: `MEANINGS` is the only place that says so."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from coggno.errors import CoggnoError

if TYPE_CHECKING:
    from coggno.provisioning import RunStatus


class ExitCode(enum.IntEnum):
    """Exit codes; `MEANINGS` explains them."""

    OK = 0
    FAILED = 1
    INVALID = 2
    STOPPED = 3
    # 128 plus the number of the signal, as shells report SIGINT and SIGPIPE.
    INTERRUPTED = 130
    CLOSED_PIPE = 141


# The guide and `coggno provision --help` print this table.
MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "success; also when you decline a confirmation",
    ExitCode.FAILED: "a request failed, something does not exist, or rows of a run need attention",
    ExitCode.INVALID: "an argument, a setting or the roster is invalid; nothing was sent",
    ExitCode.STOPPED: "a run stopped early; the same command continues it",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C; the same command continues a run",
    ExitCode.CLOSED_PIPE: (
        "the program that reads the output closed the pipe, as `head -1` does; a run goes on, and ends with 0, 1 or 3"
    ),
}
# By the value of a `RunStatus`: importing the enumeration would load provisioning for every command.
_OF_RUN: Final[Mapping[str, ExitCode]] = {
    "complete": ExitCode.OK,
    "incomplete": ExitCode.FAILED,
    "stopped": ExitCode.STOPPED,
}


class CommandError(Exception):
    """Ends a command with a message and an exit code.

    Args:
        message: what happened and what to do now, in full sentences.
        code: the exit code.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.INVALID) -> None:
        super().__init__(message)
        self.code = code


def exit_code_of(error: CoggnoError) -> ExitCode:
    """Return the exit code for an error of the client or of the roster."""
    # Errors about what the user gave are ValueErrors as well; everything else came from the API or the network.
    return ExitCode.INVALID if isinstance(error, ValueError) else ExitCode.FAILED


def exit_code_of_run(status: RunStatus, *, is_interrupted: bool, is_written: bool) -> ExitCode:
    """Return the exit code of a run that has ended.

    Args:
        status: how it ended.
        is_interrupted: whether a person pressed Ctrl-C.
        is_written: whether its files and its summary could be written.
    """
    if is_interrupted:
        return ExitCode.INTERRUPTED
    code = _OF_RUN[status.value]
    # A missing file is a failure of its own, but says less than what became of the rows.
    return code if is_written else code or ExitCode.FAILED
