"""Errors of provisioning."""

from __future__ import annotations

from coggno.errors import CoggnoError


class RosterError(CoggnoError, ValueError):
    """A roster, or a file that belongs to a run, cannot be used; the message says where and what to do.

    Attributes:
        line: the line that is wrong, from 1 on, where there is one.
        column: where in that line, from 1 on, where it is known: in bytes, as text editors count ASCII.
    """

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class JournalError(CoggnoError, ValueError):
    """A journal cannot be used, read or written; the message says why and what to do."""


class StoppedError(CoggnoError):
    """A run that ended early. What was done stays done; run the same roster again to continue.

    Attributes:
        reason: why, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The run stopped early: {reason}. Run the same roster again to continue; nothing is lost")
        self.reason = reason
