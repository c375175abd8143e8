"""A journal belongs to one company at one address. Pure."""

from __future__ import annotations

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.records import JournalScope


def check_scope(kept: JournalScope | None, asked: JournalScope, journal: str) -> JournalScope:
    """Return the scope of a journal, that of its first job.

    Args:
        kept: the scope that it has; `None` before its first job.
        asked: the scope of the job that begins.
        journal: what to call the journal in a message.

    Raises:
        JournalError: the two differ.
    """
    if kept is not None and kept != asked:
        raise JournalError(f"{journal} belongs to {kept}, and this run is for {asked}. Use another journal.")
    return asked
