"""Bulk provisioning: a roster becomes users, groups and memberships, and every row has one outcome.

`read_roster` (no network) → `make_plan` (reads) → `apply_plan` (writes) → `write_results`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from coggno.errors import ConfigurationError
from coggno.provisioning.apply import Run
from coggno.provisioning.outcomes import Progress, RosterError, RowOutcome, RowResult, StoppedError, Summary
from coggno.provisioning.pace import RateLimiter
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
    "RowOutcome",
    "RowResult",
    "Run",
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
    *,
    concurrency: int = 16,
    rate: float | None = None,
    passwords: PasswordFile | None = None,
) -> Run:
    """Return the run of a plan; iterating over it does the work and yields one result per row.

    Args:
        coggno: the client to send with.
        plan: what to do; a plan is carried out once.
        concurrency: how many rows may be under way at once.
        rate: requests per second at the most.
        passwords: where passwords are made and kept for rows that have none; without it such rows are invalid.

    Raises:
        ConfigurationError: `concurrency` or `rate` is not a positive number, or the plan was carried out already.
    """
    return Run(coggno, plan, concurrency=concurrency, pace=RateLimiter(rate), passwords=passwords)


async def provision(
    coggno: Client,
    rows: Any,
    *,
    concurrency: int = 16,
    rate: float | None = None,
    passwords: PasswordFile | None = None,
    mapping: Mapping[str, str] | None = None,
    group: str | None = None,
) -> AsyncGenerator[RowResult]:
    """Read, plan and apply in one; see `AsyncCoggno.provision`.

    Args:
        coggno: the client to send with.
        rows: a `Roster`, or what `read_roster` takes, or an async iterable of mappings.
        concurrency: how many rows may be under way at once.
        rate: requests per second at the most.
        passwords: where passwords are made and kept for rows that have none.
        mapping: field -> column, for columns with names of their own.
        group: a group that every row shall be in as well.

    Raises:
        RosterError: the roster cannot be read; nothing was sent.
        ConfigurationError: an option cannot be used; nothing was sent.
        APIError: what is there could not be read; nothing was changed.
        StoppedError: the run ended early; every row has had its result by then.
    """
    if isinstance(rows, Roster):
        if mapping is not None or group is not None:
            raise ConfigurationError("mapping and group belong to read_roster: this roster was read already")
        roster = rows
    else:
        roster = await _read(rows, mapping, group, needs_password=passwords is None)
    plan = await make_plan(coggno, roster, concurrency=min(concurrency, 8), rate=rate)
    async with aclosing(apply_plan(coggno, plan, concurrency=concurrency, rate=rate, passwords=passwords)) as results:
        async for result in results:
            yield result


async def _read(rows: Any, mapping: Mapping[str, str] | None, group: str | None, *, needs_password: bool) -> Roster:
    if isinstance(rows, AsyncIterable):
        rows = [row async for row in rows]  # pyright: ignore[reportUnknownVariableType]
    return read_roster(rows, mapping=mapping, group=group, needs_password=needs_password)
