"""The requests of one row: reads, and writes that leave the row in doubt until it is known what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import define

from coggno.errors import APIError, CoggnoError, NotFoundError, OutcomeUnknownError
from coggno.provisioning.client import CallResult
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.rows.state import RowState
from coggno.provisioning.journal import Write
from coggno.provisioning.requests.failures import is_maybe_in_progress, reason_of

T = TypeVar("T")


@define
class RowRequests:
    """Sends what one row needs; its state says at every moment what may have happened.

    Attributes:
        context: what all rows share.
        state: what is known of the row.
    """

    context: RunContext
    state: RowState

    async def read(self, action: str, call: Callable[[], Awaitable[CallResult[T]]]) -> T:
        """Send a request that changes nothing.

        Args:
            action: what it does, for messages.
            call: sends it.

        Raises:
            NotFoundError: a working API responds that there is no such thing.
            OutageError: a 404 that says nothing.
            APIError: it failed.
        """
        try:
            result = await self.context.sender.send(self._noted(action, call), is_first=not self.state.has_begun)
        except NotFoundError as missing:
            await self._prove(missing, nothing_to_miss=False)
            raise
        return result.value

    async def write(
        self,
        action: str,
        intent: Write,
        call: Callable[[], Awaitable[CallResult[T]]],
        *,
        nothing_to_miss: bool = False,
    ) -> T:
        """Send a request that changes something; as long as its outcome is not known, the row is in doubt.

        Args:
            action: what it does, for messages.
            intent: what it does, for the journal.
            call: sends it.
            nothing_to_miss: whether it asks for nothing that could be missing, so that a 404 means an outage.

        Raises:
            NotFoundError: a working API responds that there is no such thing.
            OutageError: a 404 that says nothing.
            APIError: it failed.
        """
        state = self.state
        earlier = state.doubt.action

        async def write() -> CallResult[T]:
            # Until the response is there: a cancellation in between leaves the write in doubt.
            state.doubt.action = action
            return await call()

        try:
            # A row that has begun is finished after a stop, as far as time allows: half done it needs more care.
            result = await self.context.write(intent, self._noted(action, write), is_first=not state.has_begun)
        except CoggnoError as error:
            # Errors that are not of the API were raised before anything was sent.
            is_unknown = isinstance(error, APIError) and error.outcome == "unknown"
            self._failed(error, action if is_unknown else earlier)
            if isinstance(error, NotFoundError):
                await self._prove(error, nothing_to_miss=nothing_to_miss)
            raise
        state.doubt.clear()
        state.is_inferred = state.is_inferred or result.settled
        return result.value

    def _failed(self, error: CoggnoError, in_doubt: str) -> None:
        """Note which write is in doubt after a failed one, if any is."""
        doubt = self.state.doubt
        # The client itself has checked a lost write once.
        doubt.action, doubt.absences = in_doubt, int(isinstance(error, OutcomeUnknownError) and error.was_absent)
        if isinstance(error, APIError) and error.outcome == "unknown":
            doubt.reason = reason_of(error)
        if in_doubt and isinstance(error, APIError) and is_maybe_in_progress(error):
            # The server may still be at it: sent again now, two requests for one thing would be under way.
            doubt.not_before = self.context.clock() + self.context.settle_time

    def _noted(
        self, action: str, call: Callable[[], Awaitable[CallResult[T]]]
    ) -> Callable[[], Awaitable[CallResult[T]]]:
        async def begin() -> CallResult[T]:
            self.state.has_begun = True
            self.state.action = action
            return await call()

        return begin

    async def _prove(self, missing: NotFoundError, *, nothing_to_miss: bool) -> None:
        """Make sure that a 404 is about what was asked for: an API that is down may respond to everything with 404.

        Raises:
            OutageError: it is not.
            APIError: that cannot be found out now.
        """
        if nothing_to_miss:
            # It counts at once: other rows need not run into it.
            self.context.gate.circuit.failed()
        await self.context.sender.prove_absence(missing)
