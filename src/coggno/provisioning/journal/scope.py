"""A journal belongs to one company of one account at one address. Pure."""

from __future__ import annotations

from attrs import evolve

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.records import Job, JournalScope


def check_scope(kept: JournalScope | None, job: Job, journal: str) -> JournalScope:
    """Return the scope of a journal, that of its first job.

    Args:
        kept: the scope that it has; `None` before its first job.
        job: the job that begins.
        journal: what to call the journal in a message.

    Raises:
        JournalError: the job is for another scope.
    """
    asked = job.scope
    if kept is None or kept == asked:
        return asked
    if kept != evolve(asked, account=kept.account):
        raise JournalError(f"{journal} belongs to {kept}, and this run is for {asked}. Use another journal.")
    if not job.accepts_new_key:
        raise JournalError(
            f"{journal} belongs to another API key. For another account, use another journal. If the key of the same "
            "account was renewed, run it once with --recheck (from code: recheck=True)."
        )
    return asked
