"""Errors of provisioning."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from coggno.errors import CoggnoError


@frozen
class RosterHint:
    """A setting of `RosterOptions` that makes a roster readable. A program can show it in its own words.

    Attributes:
        lead: how the sentence begins that ends with the setting, e.g. `Name it with`.
        setting: the attribute of `RosterOptions`.
        choices: values that the setting may have, one of which helps.
    """

    lead: str
    setting: str
    choices: tuple[str | Mapping[str, str], ...]

    def __str__(self) -> str:
        """Return the sentence for a programmer."""
        return f"{self.lead} " + " or ".join(f"{self.setting}={choice!r}" for choice in self.choices) + "."


class RosterError(CoggnoError, ValueError):
    """A roster, or a file that belongs to a run, cannot be used; the message says where and what to do.

    Attributes:
        line: the line that is wrong, from 1 on, where there is one.
        column: where in that line, from 1 on, where it is known: in bytes, as text editors count ASCII.
        hint: a setting that helps, where there is one; it is the last sentence of the text.
        message: the text without the hint.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: RosterHint | None = None,
    ) -> None:
        super().__init__(message if hint is None else f"{message} {hint}")
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column


class PlanError(CoggnoError, ValueError):
    """A saved plan cannot be read, or does not fit: nothing was changed. The message says why and what to do."""


class RemovalsRefusedError(CoggnoError):
    """Nobody was removed or deleted, although it was asked for; all rows of the roster have been carried out.

    Attributes:
        reason: why, in a sentence.
        found: how many would have been removed or deleted; 0 where nobody has counted.
    """

    def __init__(self, reason: str, *, found: int = 0) -> None:
        super().__init__(f"Nobody was removed: {reason}.")
        self.reason = reason
        self.found = found


class JournalError(CoggnoError, ValueError):
    """A journal cannot be used, read or written; the message says why and what to do."""


class DaskError(CoggnoError, ValueError):
    """A job cannot be carried out on a Dask cluster; the message says why and what to do. The job itself is kept."""


class JobNotFoundError(CoggnoError):
    """There is no submitted job of that name; the message names those that there are."""


class StoppedError(CoggnoError):
    """A run that ended early. What was done stays done; run the same roster again to continue.

    Attributes:
        reason: why, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The run stopped early: {reason}. Run the same roster again to continue; nothing is lost")
        self.reason = reason
