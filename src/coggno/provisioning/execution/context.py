"""What all rows of a run share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define, field

from coggno.models import Group
from coggno.provisioning.client import CallResult, ProvisioningClient
from coggno.provisioning.execution.records import RunRecords
from coggno.provisioning.journal import Write
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import Waiting
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.planning.counts import GroupOfCompany
from coggno.provisioning.requests import Sender, StopSignal
from coggno.provisioning.requests.gate import Gate
from coggno.provisioning.requests.sender import Clock
from coggno.provisioning.roster import Person

T = TypeVar("T")


@define
class RunContext:
    """What all rows of a run share.

    Attributes:
        sender: sends the requests, each once: the run itself repeats them.
        passwords: where passwords are generated for rows that have none.
        groups: company and name -> the group; all that a row needs are in it before the row begins.
        settle_time: seconds until a write that is not visible counts as lost.
        records: keeps writes and results for the next run.
    """

    sender: Sender
    passwords: PasswordFile | None
    groups: dict[GroupOfCompany, Group]
    settle_time: float
    records: RunRecords
    _clients: dict[int, ProvisioningClient] = field(factory=dict[int, ProvisioningClient])

    @classmethod
    def of(cls, sender: Sender, options: RunOptions, groups: dict[GroupOfCompany, Group]) -> RunContext:
        """Return the context of a run with `options`.

        Args:
            sender: sends the requests.
            options: how the run proceeds.
            groups: company and name -> the groups that exist.
        """
        records = RunRecords(options.journal, sender.signal)
        return cls(sender, options.passwords, groups, options.settle_time, records)

    @property
    def gate(self) -> Gate:
        """Lets requests through."""
        return self.sender.gate

    @property
    def signal(self) -> StopSignal:
        """Ends the run early."""
        return self.sender.signal

    @property
    def waiting(self) -> Waiting | None:
        """Since when nothing can be sent, and why; `None` otherwise."""
        journal = self.records.journal
        return self.gate.waiting or (None if journal is None else journal.waiting)

    @property
    def clock(self) -> Clock:
        """Seconds that only grow."""
        return self.sender.clock

    async def sleep(self, seconds: float) -> Any:
        """Wait for so many seconds."""
        await self.sender.sleep(seconds)

    def client_of(self, company: int | None) -> ProvisioningClient:
        """Return a client that acts for a company; `None` for that of the key."""
        if company is None:
            return self.sender.client
        if company not in self._clients:
            self._clients[company] = self.sender.client.as_company(company)
        return self._clients[company]

    async def write(
        self,
        write: Write,
        call: Callable[[], Awaitable[CallResult[T]]],
        *,
        is_first: bool = False,
    ) -> CallResult[T]:
        """Make a call that changes something. Every write of a run comes through here.

        Args:
            write: what it changes.
            call: sends it.
            is_first: whether it begins something, which is held back after a stop.

        Raises:
            HeldError: the run was stopped before, or the journal cannot be written.
            APIError: the call failed.
        """
        return await self.sender.send(lambda: self.records.carry_out(write, call), is_first=is_first)

    def password_of(self, person: Person) -> str:
        """Return the password that a new user gets: the row's, or the one that was generated for it."""
        if person.password is not None:
            return person.password
        assert self.passwords is not None  # noqa: S101 - rows without a password are sorted out before
        return self.passwords.password_for(person)
