"""Reading, planning and carrying out in one call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

import attrs

from coggno.errors import ConfigurationError
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.execution import Run
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.planning import Plan, make_plan
from coggno.provisioning.roster import Roster, RosterOptions, Source, read_roster

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
) -> AsyncGenerator[RowResult]:
    """Read rows, plan and carry out; see `AsyncCoggno.provision`.

    Args:
        client: sends the requests.
        rows: a `Roster`, what `read_roster` takes, or an async iterable of mappings.
        options: how the run proceeds.
        roster_options: how the rows are read.

    Raises:
        RosterError: the roster cannot be read; nothing was sent.
        ConfigurationError: an option cannot be used; nothing was sent.
        APIError: what exists could not be read; nothing was changed.
        StoppedError: the run ended early; every row has been reported by then.
    """
    if isinstance(rows, Roster):
        if roster_options is not None:
            raise ConfigurationError("This roster was read already: give mapping and group to read_roster().")
        roster = rows
    else:
        roster = await _read(rows, roster_options or RosterOptions(), needs_password=options.passwords is None)
    plan = await make_plan(client, roster, options)
    # Closed even if the consumer leaves: no request goes on behind its back.
    async with aclosing(apply_plan(client, plan, options)) as results:
        async for result in results:
            yield result


async def _read(
    rows: Source | AsyncIterable[Mapping[str, Any]], options: RosterOptions, *, needs_password: bool
) -> Roster:
    if isinstance(rows, AsyncIterable):
        rows = [row async for row in rows]
    return read_roster(rows, attrs.evolve(options, needs_password=needs_password))
