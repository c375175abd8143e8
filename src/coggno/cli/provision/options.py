"""What the command line asks of a run, in groups."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from coggno.cli.client_settings import ClientSettings
from coggno.provisioning import PlanFile, RosterOptions, RunOptions
from coggno.provisioning.journal import JournalLocation


@frozen(kw_only=True)
class OutputOptions:
    """Where the run writes, and what its exit code counts.

    Attributes:
        results: path of the results file; `results.csv` if not given.
        passwords: path of the file for generated passwords, if there is one.
        report: path of the report as HTML, if one is wanted.
        journal: path or database of the journal; beside the results if not given.
        keeps_journal: whether the journal outlives the run.
        as_json: whether events are printed, instead of a summary for people.
        allow_refused: whether rows that the check of the roster rejects leave the exit code at 0.
    """

    results: Path | None
    passwords: Path | None
    report: Path | None
    journal: JournalLocation | None
    keeps_journal: bool
    as_json: bool
    allow_refused: bool


@frozen(kw_only=True)
class ProvisionOptions:
    """Everything that `coggno provision` was given.

    Attributes:
        source: path of the roster, or `-` for standard input.
        roster: how the roster is read.
        run: how the run proceeds; its passwords are added when their file is open.
        output: where the run writes.
        client: the connection to the API.
        dry_run: whether nothing is changed.
        plan_out: where the plan of a dry run is saved, if at all.
        protect: path of the file of users who are never removed, if there is one.
        saved_plan: the plan that is carried out; `None` to make one.
        is_rehearsal: whether the server is a temporary one.
        is_confirmed: whether nobody has to be asked before users are removed.
    """

    source: str
    roster: RosterOptions
    run: RunOptions
    output: OutputOptions
    client: ClientSettings
    dry_run: bool = False
    plan_out: Path | None = None
    protect: str | None = None
    saved_plan: PlanFile | None = None
    is_rehearsal: bool = False
    is_confirmed: bool = False
