"""Carries out a plan: groups, then users and their memberships. An async iterator of results."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

from attrs import evolve

from coggno import testing
from coggno.errors import ConfigurationError
from coggno.models import Group
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import JournalError, RemovalsRefusedError, StoppedError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.feed import RowFeed
from coggno.provisioning.execution.groups import GroupCreation
from coggno.provisioning.execution.ledger import Ledger
from coggno.provisioning.execution.removals import RemovalPhase
from coggno.provisioning.execution.scheduler import RowScheduler
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import Progress, RowResult
from coggno.provisioning.planning import Plan
from coggno.provisioning.planning.counts import GroupOfCompany
from coggno.provisioning.requests import Sender


class Run:
    """One run of a plan: an async iterator of results, which can be stopped early.

    The consumer sets the speed: when it does not take results, no more rows begin. A consumer that leaves before the
    end calls `aclose`; `rest` then yields the results that it has not received.

    Args:
        client: sends the requests.
        plan: what to do; a plan is carried out once.
        options: how the run proceeds.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
        sender: the gate of an earlier run, which knows already what the API takes; one of its own if not given.

    Raises:
        ConfigurationError: the plan was carried out already, or the options ask for other removals than it has.
    """

    def __init__(
        self,
        client: ProvisioningClient,
        plan: Plan,
        options: RunOptions = RunOptions(),  # noqa: B008 - frozen
        *,
        clock: Callable[[], float] = testing.clock,
        sleep: Callable[[float], Awaitable[Any]] = testing.sleep,
        sender: Sender | None = None,
    ) -> None:
        _check_removals(plan, options)
        plan.claim()
        self._plan = plan
        self._options = options
        # The run repeats requests itself: it knows when the API is down, and which rows can wait.
        sender = sender or Sender.of(client.with_options(max_retries=0), options, clock=clock, sleep=sleep)
        self._context = RunContext.of(sender, options, plan.existing_groups)
        self._groups = GroupCreation(self._context, None if plan.earlier is None else plan.earlier.writes)
        self._feed = RowFeed(plan, options.passwords, self._context.signal)
        self._rows = RowScheduler(self._context, self._groups, self._feed, concurrency=options.concurrency)
        self._ledger = Ledger(plan.roster, {} if plan.earlier is None else plan.earlier.counts)
        self._removals = (
            None
            if plan.leavers is None
            else RemovalPhase(self._context, plan, plan.leavers, options.concurrency, lambda: self.progress.counts)
        )
        self._ready: deque[RowResult] = deque()
        self._is_running = False
        self._results = self._phases()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RowResult:
        """Return the next result.

        Raises:
            StoppedError: the run ended early; every row has been reported by then.
            RemovalsRefusedError: nobody was removed, although it was asked for; every row has been reported by then.
        """
        if not self._ready:
            first, *merged = self._ledger.with_merged(await anext(self._results))
            for result in merged:
                self._context.records.other(result)
            self._ready.extend([first, *merged])
        return self._ledger.report(self._ready.popleft())

    async def aclose(self) -> None:
        """End the run now; requests in progress are cancelled."""
        await self._results.aclose()

    @property
    def stopped(self) -> str | None:
        """Why the run ended early, if it did."""
        return self._context.signal.reason

    @property
    def done_earlier(self) -> int:
        """How many rows earlier runs have done; nothing is sent for them."""
        return 0 if self._plan.earlier is None else self._plan.earlier.done

    @property
    def done(self) -> int:
        """How many rows have their result; as `progress.done`, without the counts of each outcome."""
        return self._ledger.done

    @property
    def groups(self) -> Mapping[GroupOfCompany, Group]:
        """The groups that exist, by company and name; those that the run has created among them."""
        return self._context.groups

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        return evolve(self._ledger.progress, waiting=self._context.waiting)

    def stop(self, reason: str) -> None:
        """Begin nothing more; what is in progress has `stop_signal.GRACE` seconds left.

        Args:
            reason: why, in a few words; a second call changes nothing.
        """
        self._context.signal.stop(reason)

    def rest(self) -> Iterator[RowResult]:
        """Yield the results of all rows that were not reported, after the iteration was left or ended by an error.

        Raises:
            RuntimeError: the run is still in progress; `aclose` it first.
        """
        if self._is_running:
            raise RuntimeError("the run is still in progress; aclose() it first")
        while self._ready:
            yield self._ledger.report(self._ready.popleft())
        if self._removals is not None:
            yield from map(self._ledger.report, self._removals.unclaimed())
        if self._ledger.is_complete:
            return  # the roster need not be read once more to find that out
        for result in self._unreported():
            if not self._ledger.is_reported(result.line):
                yield from map(self._ledger.report, self._ledger.with_merged(result))

    def _unreported(self) -> Iterator[RowResult]:
        """Yield a result for every row, the best known first: the caller skips what was reported."""
        yield from self._rows.unclaimed()
        yield from self._plan.roster.rejections()
        yield from self._feed.done_earlier()
        yield from self._feed.not_attempted(self._context.signal.reason or "the run was cancelled")

    async def _phases(self) -> AsyncGenerator[RowResult]:
        self._is_running = True
        try:
            async for result in self._feed.decided():
                self._context.records.other(result)
                yield result
            self._feed.begin()
            # Groups first: the request that creates a user puts it into one.
            await self._groups.create(self._feed.counts.new_groups)
            async with self._settling_groups(), aclosing(self._rows.results()) as results:
                async for result in results:
                    yield result
            # What is left to do need not wait for a million rows that are done.
            async for result in self._earlier_results():
                yield result
            if self._removals is not None and self.stopped is None:
                async with aclosing(self._removed(self._removals)) as results:
                    async for result in results:
                        yield result
            await self._finish()
        finally:
            self._is_running = False
            await self._groups.close()
        if self.stopped is not None:
            raise StoppedError(self.stopped)

    async def _removed(self, phase: RemovalPhase) -> AsyncGenerator[RowResult]:
        try:
            async with aclosing(phase.results()) as results:
                async for result in results:
                    yield result
        except RemovalsRefusedError:
            # All rows are done: the next run is a new one, which reads again what exists.
            await self._finish()
            raise

    async def _earlier_results(self) -> AsyncGenerator[RowResult]:
        earlier = self._plan.earlier
        if earlier is None:
            return
        try:
            async for result in earlier.results():
                self._ledger.forget_earlier(result)
                yield result
        except JournalError as error:
            self.stop(str(error).rstrip("."))

    async def _finish(self) -> None:
        if self._plan.earlier is None:
            return
        journal = self._plan.earlier.journal
        try:
            await (journal.finish() if self.stopped is None else journal.flush())
        except JournalError as error:
            self.stop(str(error).rstrip("."))

    @asynccontextmanager
    async def _settling_groups(self) -> AsyncGenerator[None]:
        """Settle groups in doubt meanwhile: only the rows that need them have to wait."""
        settling = asyncio.create_task(self._groups.settle())
        try:
            yield
        finally:
            settling.cancel()
            await asyncio.gather(settling, return_exceptions=True)
            await self._groups.close()


def _check_removals(plan: Plan, options: RunOptions) -> None:
    """Reject options that ask for other removals than the plan has: nobody has seen whom they would remove."""
    planned = None if plan.leavers is None else plan.leavers.removals
    if options.removals not in {None, planned}:
        raise ConfigurationError("These removals are not those of the plan. Give them to make_plan() as well.")
