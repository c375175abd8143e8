"""Bulk provisioning: a roster becomes users, groups and memberships, and every row has one outcome.

`read_roster` (no network) → `make_plan` (reads) → `apply_plan` (writes) → `write_results`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import attrs

from coggno.errors import ConfigurationError
from coggno.provisioning.apply import Run
from coggno.provisioning.options import RosterOptions, RunOptions
from coggno.provisioning.outcomes import Progress, RosterError, RowOutcome, RowResult, StoppedError, Summary
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.plan import Plan, make_plan
from coggno.provisioning.results import check_writable, holds_results, write_failed, write_results
from coggno.provisioning.roster import Roster, read_roster

if TYPE_CHECKING:
    from coggno._client import Client

__all__ = [
    "PasswordFile",
    "Plan",
    "Progress",
    "Roster",
    "RosterError",
    "RosterOptions",
    "RowOutcome",
    "RowResult",
    "Run",
    "RunOptions",
    "StoppedError",
    "Summary",
    "apply_plan",
    "check_writable",
    "holds_results",
    "make_plan",
    "provision",
    "read_roster",
    "write_failed",
    "write_results",
]


def apply_plan(
    coggno: Client,
    plan: Plan,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Run:
    """Return the run of a plan; iterating over it does the work and yields one result per row.

    Args:
        coggno: the client to send with.
        plan: what to do; a plan is carried out once.
        options: how the run proceeds.

    Raises:
        ConfigurationError: the plan was carried out already.
    """
    return Run(coggno, plan, options)


async def provision(
    coggno: Client,
    rows: Any,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    roster_options: RosterOptions | None = None,
) -> AsyncGenerator[RowResult]:
    """Read, plan and apply in one; see `AsyncCoggno.provision`.

    Args:
        coggno: the client to send with.
        rows: a `Roster`, or what `read_roster` takes, or an async iterable of mappings.
        options: how the run proceeds.
        roster_options: how the rows are read.

    Raises:
        RosterError: the roster cannot be read; nothing was sent.
        ConfigurationError: an option cannot be used; nothing was sent.
        APIError: what is there could not be read; nothing was changed.
        StoppedError: the run ended early; every row has had its result by then.
    """
    if isinstance(rows, Roster):
        if roster_options is not None:
            raise ConfigurationError("mapping and group belong to read_roster: this roster was read already")
        roster = rows
    else:
        needs_password = options.passwords is None
        roster = await _read(rows, attrs.evolve(roster_options or RosterOptions(), needs_password=needs_password))
    plan = await make_plan(coggno, roster, options)
    async with aclosing(apply_plan(coggno, plan, options)) as results:
        async for result in results:
            yield result


async def _read(rows: Any, options: RosterOptions) -> Roster:
    if isinstance(rows, AsyncIterable):
        rows = [row async for row in rows]  # pyright: ignore[reportUnknownVariableType]
    return read_roster(rows, options)
