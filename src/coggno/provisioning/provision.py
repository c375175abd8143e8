"""Reading, planning and carrying out in one call."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeAlias, cast

import attrs

from coggno import testing
from coggno.errors import ConfigurationError
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.execution import Run
from coggno.provisioning.journal import journal_at
from coggno.provisioning.once_only import WindowedRun
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.planning import Plan, make_plan
from coggno.provisioning.roster import Roster, RosterOptions, Source, read_roster
from coggno.provisioning.windows import OnceOnly

Rows: TypeAlias = "Roster | Source | AsyncIterable[Mapping[str, Any]]"
"""What can be provisioned: a roster that was read, what one is read from, or rows that arrive one by one."""


def apply_plan(
    client: ProvisioningClient,
    plan: Plan,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Run:
    """Return the run of a plan; iterating over it does the work and yields one result per row.

    Args:
        client: sends the requests.
        plan: what to do; a plan is carried out once.
        options: how the run proceeds.

    Raises:
        ConfigurationError: the plan was carried out already.
    """
    return Run(client, plan, options)


async def provision(
    client: ProvisioningClient,
    rows: Rows,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    roster_options: RosterOptions | None = None,
    *,
    journal: str | os.PathLike[str] | None = None,
) -> AsyncGenerator[RowResult]:
    """Read rows, plan and carry out; see `AsyncCoggno.provision`.

    Args:
        client: sends the requests.
        rows: a `Roster`, what `read_roster` takes, or an (async) iterator of mappings, which is read in windows;
            an iterator is not closed when the run ends early, since what it still has may be wanted.
        options: how the run proceeds.
        roster_options: how the rows are read.
        journal: path of a `SqliteJournal`, or URL of a `PostgresJournal`, that is opened for this run, in place of
            `options.journal`.

    Raises:
        RosterError: the roster cannot be read; nothing was sent.
        JournalError: the journal cannot be used; nothing was sent.
        ConfigurationError: an option cannot be used; nothing was sent.
        APIError: what exists could not be read; nothing was changed.
        StoppedError: the run ended early; every row has been reported by then.
    """
    if isinstance(rows, Roster) and roster_options is not None:
        raise ConfigurationError("This roster was read already: give mapping and group to read_roster().")
    roster_options = attrs.evolve(roster_options or RosterOptions(), needs_password=options.passwords is None)
    async with AsyncExitStack() as stack:
        if journal is not None:
            opened = journal_at(journal, patience=options.patience, settle_time=options.settle_time)
            await stack.enter_async_context(opened)
            options = attrs.evolve(options, journal=opened)
        # Closed even if the consumer leaves: no request goes on behind its back.
        results = await stack.enter_async_context(aclosing(_results(client, rows, options, roster_options)))
        async for result in results:
            yield result


def _results(
    client: ProvisioningClient, rows: Rows, options: RunOptions, roster_options: RosterOptions
) -> AsyncGenerator[RowResult]:
    if isinstance(rows, AsyncIterable) or _is_iterator(rows):
        windowed = WindowedRun.of(client, options, roster_options, clock=testing.clock, sleep=testing.sleep)
        return windowed.results(cast("OnceOnly", rows))
    return _results_of_all(client, rows, options, roster_options)


async def _results_of_all(
    client: ProvisioningClient, rows: Roster | Source, options: RunOptions, roster_options: RosterOptions
) -> AsyncGenerator[RowResult]:
    roster = rows if isinstance(rows, Roster) else read_roster(rows, roster_options)
    run = apply_plan(client, await make_plan(client, roster, options), options)
    async with aclosing(run):
        async for result in run:
            yield result


def _is_iterator(rows: Any) -> bool:
    # A file is an iterator of its lines, and is read as a whole.
    return not hasattr(rows, "read") and isinstance(rows, Iterator)
