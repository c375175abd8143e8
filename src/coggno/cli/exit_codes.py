"""Which exit code a command ends with.

| code | when |
|---|---|
| 0 | success; also when a person answers no to a confirmation |
| 1 | the API rejected a request or could not be reached; or a run ended and some rows need attention |
| 2 | an argument, a setting or the roster is invalid; nothing was sent |
| 3 | a run stopped early; the same command continues it |
| 130 | interrupted with Ctrl-C; a run is continued by the same command |
| 141 | the program that reads the output has closed the pipe, as `head -1` does |
"""

from __future__ import annotations

import enum

from coggno.errors import CoggnoError


class ExitCode(enum.IntEnum):
    """Exit codes, as in the table of this module."""

    OK = 0
    FAILED = 1
    INVALID = 2
    STOPPED = 3
    # 128 plus the number of the signal, as shells report SIGINT and SIGPIPE.
    INTERRUPTED = 130
    CLOSED_PIPE = 141


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
