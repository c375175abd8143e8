"""Bulk provisioning: a roster becomes users, groups and memberships, and every row has one outcome.

`read_roster` (no network) → `make_plan` (reads) → `apply_plan` (writes) → `write_results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import (
    DaskError,
    JournalError,
    PlanError,
    RemovalsRefusedError,
    RosterError,
    RosterHint,
    StoppedError,
)
from coggno.provisioning.execution import Run
from coggno.provisioning.journal import Journal, MemoryJournal, PostgresJournal, SqliteJournal
from coggno.provisioning.options import Removals, RunOptions
from coggno.provisioning.outcomes import Progress, RowOutcome, RowResult, RunStatus, Summary, Waiting
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.planning import Leaver, Leavers, Plan, PlanFile, PlannedRow, make_plan
from coggno.provisioning.provision import Rows, apply_plan, provision
from coggno.provisioning.results import (
    FailedWriter,
    ResultsWriter,
    are_results_of,
    holds_results,
    write_failed,
    write_results,
    writing_failed,
    writing_results,
)
from coggno.provisioning.roster import MergedRow, Person, Roster, RosterOptions, RosterRows, Row, Source, read_roster
from coggno.provisioning.safe_file import check_writable

if TYPE_CHECKING:
    from coggno.provisioning.on_dask import run_on_dask

__all__ = [
    "DaskError",
    "FailedWriter",
    "Journal",
    "JournalError",
    "Leaver",
    "Leavers",
    "MemoryJournal",
    "MergedRow",
    "PasswordFile",
    "Person",
    "Plan",
    "PlanError",
    "PlanFile",
    "PlannedRow",
    "PostgresJournal",
    "Progress",
    "ProvisioningClient",
    "Removals",
    "RemovalsRefusedError",
    "ResultsWriter",
    "Roster",
    "RosterError",
    "RosterHint",
    "RosterOptions",
    "RosterRows",
    "Row",
    "RowOutcome",
    "RowResult",
    "Rows",
    "Run",
    "RunOptions",
    "RunStatus",
    "Source",
    "SqliteJournal",
    "StoppedError",
    "Summary",
    "Waiting",
    "apply_plan",
    "are_results_of",
    "check_writable",
    "holds_results",
    "make_plan",
    "provision",
    "read_roster",
    "run_on_dask",
    "write_failed",
    "write_results",
    "writing_failed",
    "writing_results",
]


def __getattr__(name: str) -> Any:
    # Jobs take a tenth of a second to import, and most programs submit none.
    if name == "run_on_dask":
        from coggno.provisioning.on_dask import run_on_dask

        return run_on_dask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
