"""What a journal holds: the job, the writes that are in doubt, and what became of the rows. Never a password."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import evolve, field, frozen

from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import JournalError
from coggno.provisioning.outcomes import RowResult


@frozen(kw_only=True)
class JournalScope:
    """Where the writes of a journal go. A journal serves one scope: ids of another would be taken for its own.

    Attributes:
        address: of the API.
        company: id of the company that the client acts for; `None` for that of the key.
        account: what tells the keys of accounts apart, see `AsyncCoggno.account`.
    """

    address: str
    company: str | None = None
    account: str = ""

    @classmethod
    def of(cls, client: ProvisioningClient) -> JournalScope:
        """Return where the writes of a client go."""
        return cls(address=client.base_url, company=client.lms, account=client.account)

    def __str__(self) -> str:
        company = f"company {self.company}" if self.company is not None else "the company of the key"
        return f"{company} at {self.address}"


@frozen(kw_only=True)
class Job:
    """What one run has to do.

    Attributes:
        scope: where the writes go.
        roster: name of the roster; of a file, its path.
        digest: of what the roster asks for; a run with the same digest as the last one continues it.
        rows: how many rows the roster has.
        settings: what it takes to read the roster again, such as the mapping of columns; values as JSON has them.
        accepts_new_key: whether another key belongs to the same account, as after it was renewed.
        plan: what identifies the saved plan that is carried out; empty if there is none.
    """

    scope: JournalScope
    roster: str
    digest: bytes
    rows: int
    settings: Mapping[str, Any] = field(factory=dict[str, Any])
    accepts_new_key: bool = False
    plan: str = ""


@frozen(kw_only=True)
class JobState:
    """What a journal knows of a job when it begins.

    Attributes:
        number: of the job in its journal, from 1 on.
        is_resumed: whether an earlier run of the same roster has begun it.
        is_planned: whether that run has saved its plan, so that nothing has to be listed again.
        is_finished: whether that run came to its end.
        begun: when it was begun first, in seconds since the epoch.
        removed: how many people who are in no row were removed since the job came to its end last, or since it began.
    """

    number: int
    is_resumed: bool = False
    is_planned: bool = False
    is_finished: bool = False
    begun: float
    removed: int = 0


class WriteKind(StrEnum):
    """The kinds of requests that change something."""

    CREATE_GROUP = "create_group"
    CREATE_USER = "create_user"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"
    DELETE_USER = "delete_user"


REMOVALS: Final = frozenset({WriteKind.REMOVE_MEMBER, WriteKind.DELETE_USER})


class WriteOutcome(StrEnum):
    """What is known of a write after its response, or after a check."""

    DONE = "done"
    NOT_DONE = "not_done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class Write:
    """A request that is about to be sent.

    Attributes:
        kind: what it does.
        key: key of the login, or of the group that is created; with `group_id` what makes two writes the same.
        company: id of the company that it concerns, where it is not that of the scope.
        group_id: the group of a membership.
        name: the name of a group that is created, as it is sent; the login of somebody who is removed.
        line: of the row; 0 for a group.
        before: ids of what had that name before; `None` if nobody has checked.
        attempt: the how manyth attempt it is, from 1 on.
    """

    kind: WriteKind
    key: str
    company: int | None = None
    group_id: int | None = None
    name: str = ""
    line: int = 0
    before: Sequence[int] | None = None
    attempt: int = 1


@frozen(kw_only=True)
class RecordedWrite:
    """A write of a row or group that is not finished.

    Attributes:
        intent: its number.
        write: what was to be sent.
        sent_at: when it was about to be sent, in seconds since the epoch.
        outcome: what is known of it; `None` if the process ended before a response was noted.
        result_id: id of what it created, where that is known.
    """

    intent: int
    write: Write
    sent_at: float
    outcome: WriteOutcome | None = None
    result_id: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may have been carried out without anybody knowing."""
        return self.outcome in {None, WriteOutcome.UNKNOWN}


@frozen(kw_only=True)
class RowRecord:
    """What became of a row.

    Attributes:
        result: of the row.
        digest: of what the row asks for; `None` for rows that nothing is sent for.
        key: key of the login.
        company: id of the company that the row concerns, where it is not that of the scope.
        group_id: the group that somebody who is in no row has left; `None` for the company itself.
    """

    result: RowResult
    digest: bytes | None = None
    key: str = ""
    company: int | None = None
    group_id: int | None = None


@frozen(kw_only=True)
class SavedGroup:
    """A group that a plan has found.

    Attributes:
        name: in the roster.
        id: of the group.
        company: id of its company, where it is not that of the scope.
    """

    name: str
    id: int
    company: int | None = None


@frozen(kw_only=True)
class SavedUser:
    """An existing user whom a plan adds to groups. Rows that the plan creates a user for need nothing saved.

    Attributes:
        line: of the row.
        user_id: of the user.
        missing: names of the groups that the user is not in yet.
    """

    line: int
    user_id: int
    missing: Sequence[str]


@frozen(kw_only=True)
class SavedPlan:
    """The parts of a plan that only the server's lists can tell.

    Attributes:
        groups: the groups that exist.
        users: the users that exist and lack a group.
    """

    groups: Iterable[SavedGroup]
    users: Iterable[SavedUser]


@frozen(kw_only=True)
class Holder:
    """The run that uses a journal.

    Attributes:
        pid: of its process; 0 if that cannot be read.
        since: when it began, in seconds since the epoch.
        host: the machine.
    """

    pid: int
    since: float
    host: str = ""


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
