"""What a run keeps in its journal: every write before it is sent, and every result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define, field

from coggno._protocol.identity import login_key
from coggno.errors import APIError, CoggnoError, PartialWriteError
from coggno.provisioning.client import CallResult
from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import Journal, RowRecord, Write, WriteKind, WriteOutcome
from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.planning import PlannedRow
from coggno.provisioning.planning.counts import GroupOfCompany
from coggno.provisioning.requests import StopSignal
from coggno.provisioning.requests.stop_signal import HeldError

T = TypeVar("T")


@define
class RunRecords:
    """Keeps what the next run needs; without a journal it keeps nothing.

    Attributes:
        journal: where it is kept.
        signal: stops the run when the journal cannot be written: nothing may be sent that is not kept.
    """

    journal: Journal | None
    signal: StopSignal
    _groups: dict[GroupOfCompany, list[int]] = field(factory=dict[GroupOfCompany, list[int]])
    """Intents of groups that may exist."""

    async def carry_out(self, write: Write, call: Callable[[], Awaitable[CallResult[T]]]) -> CallResult[T]:
        """Make a call that changes something, with its intent before and its outcome after it.

        Called when the request may be sent at once: the time of the intent counts as that of the request.

        Raises:
            HeldError: the intent could not be kept; nothing was sent.
            APIError: the call failed.
        """
        if self.journal is None:
            return await call()
        intent = await self._intend(self.journal, write)
        # A cancellation in between leaves the intent open, as the death of the process would.
        try:
            result = await call()
        except PartialWriteError as partial:
            self.journal.settle(intent, WriteOutcome.DONE, _id_of(partial.value))
            raise
        except APIError as error:
            self.journal.settle(intent, _OUTCOMES[error.outcome])
            if error.outcome == "unknown" and write.kind is WriteKind.CREATE_GROUP:
                self.group_in_doubt(write, intent)
            raise
        except CoggnoError:
            # Not of the API: raised before anything was sent.
            self.journal.settle(intent, WriteOutcome.NOT_DONE)
            raise
        self.journal.settle(intent, WriteOutcome.DONE, _id_of(result.value))
        return result

    def group_in_doubt(self, write: Write, intent: int) -> None:
        """Note that a group may have been created by a request of this run or an earlier one."""
        self._groups.setdefault((write.company, write.key), []).append(intent)

    def group_found(self, company: int | None, key: str, group_id: int) -> None:
        """Keep that a group is there, whose creation was in doubt."""
        for intent in self._groups.pop((company, key), ()):
            if self.journal is not None:
                self.journal.settle(intent, WriteOutcome.DONE, group_id)

    def row(self, planned: PlannedRow, result: RowResult) -> None:
        """Keep the result of a row that something was planned for."""
        person = planned.row.person
        if self.journal is None or person is None or result.not_attempted:
            return
        record = RowRecord(result=result, digest=planned.row.digest, key=person.key, company=planned.company)
        self.journal.record(record)

    def other(self, result: RowResult) -> None:
        """Keep the result of a row that nothing is sent for."""
        if self.journal is not None and not result.not_attempted:
            self.journal.record(RowRecord(result=result))

    def removal(self, company: int | None, group_id: int | None, result: RowResult) -> None:
        """Keep the result of somebody who is in no row; what was sent for that is forgotten if it has ended."""
        if self.journal is not None and not result.not_attempted:
            key = login_key(result.login)
            self.journal.record(RowRecord(result=result, key=key, company=company, group_id=group_id))

    async def _intend(self, journal: Journal, write: Write) -> int:
        try:
            return await journal.intend(write)
        except JournalError as error:
            self.signal.stop(str(error).rstrip("."))
            raise HeldError from error


_OUTCOMES = {
    "not_sent": WriteOutcome.NOT_DONE,
    "rejected": WriteOutcome.REJECTED,
    "unknown": WriteOutcome.UNKNOWN,
}


def _id_of(value: Any) -> int | None:
    number = getattr(value, "id", None)
    return number if isinstance(number, int) else None
