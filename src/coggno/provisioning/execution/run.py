"""Carries out a plan: groups, then users and their memberships. An async iterator of results."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

from attrs import evolve

from coggno import testing
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import StoppedError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.feed import RowFeed
from coggno.provisioning.execution.groups import GroupCreation
from coggno.provisioning.execution.ledger import Ledger
from coggno.provisioning.execution.removals import RemovalPhase
from coggno.provisioning.execution.scheduler import RowScheduler
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import Progress, RowResult
from coggno.provisioning.planning import Plan


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

    Raises:
        ConfigurationError: the plan was carried out already.
    """

    def __init__(
        self,
        client: ProvisioningClient,
        plan: Plan,
        options: RunOptions = RunOptions(),  # noqa: B008 - frozen
        *,
        clock: Callable[[], float] = testing.clock,
        sleep: Callable[[float], Awaitable[Any]] = testing.sleep,
    ) -> None:
        plan.claim()
        self._plan = plan
        self._options = options
        self._context = RunContext.of(client, options, plan.existing_groups, clock=clock, sleep=sleep)
        self._groups = GroupCreation(self._context)
        self._feed = RowFeed(plan, options.passwords, self._context.signal)
        self._rows = RowScheduler(self._context, self._groups, self._feed, concurrency=options.concurrency)
        self._removals = (
            RemovalPhase(self._context, plan, options.removals, options.concurrency) if options.removals else None
        )
        self._ledger = Ledger(plan.roster)
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
            self._ready.extend(self._ledger.with_merged(await anext(self._results)))
        return self._ledger.report(self._ready.popleft())

    async def aclose(self) -> None:
        """End the run now; requests in progress are cancelled."""
        await self._results.aclose()

    @property
    def stopped(self) -> str | None:
        """Why the run ended early, if it did."""
        return self._context.signal.reason

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        return evolve(self._ledger.progress, waiting=self._context.gate.waiting)

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
        yield from (self._ledger.report(result) for result in self._ready)
        if self._removals is not None:
            yield from map(self._ledger.report, self._removals.unclaimed())
        for result in self._unreported():
            if not self._ledger.is_reported(result.line):
                yield from map(self._ledger.report, self._ledger.with_merged(result))

    def _unreported(self) -> Iterator[RowResult]:
        """Yield a result for every row, the best known first: the caller skips what was reported."""
        yield from self._rows.unclaimed()
        yield from self._plan.roster.rejections()
        yield from self._feed.not_attempted(self._context.signal.reason or "the run was cancelled")

    async def _phases(self) -> AsyncGenerator[RowResult]:
        self._is_running = True
        try:
            async for result in self._feed.decided():
                yield result
            self._feed.begin()
            # Groups first: the request that creates a user puts it into one.
            await self._groups.create(self._feed.counts.new_groups)
            async with self._settling_groups(), aclosing(self._rows.results()) as results:
                async for result in results:
                    yield result
            if self._removals is not None and self.stopped is None:
                async with aclosing(self._removals.results()) as results:
                    async for result in results:
                        yield result
        finally:
            self._is_running = False
        if self.stopped is not None:
            raise StoppedError(self.stopped)

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
