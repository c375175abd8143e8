"""The command that carries out a roster."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from attrs import evolve

from coggno.cli.commands.provision.file_options import RunFileOptions
from coggno.cli.commands.provision.roster_options import RosterArgument, RosterReading
from coggno.cli.commands.provision.run_options import PaceOptions
from coggno.cli.commands.provision.sandbox_run import SandboxRun
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import ExitCode
from coggno.cli.option_groups import expanded
from coggno.cli.terminal.interrupt import accept_ctrl_c

if TYPE_CHECKING:
    from coggno.cli.provision.options import ProvisionOptions

DryRun: TypeAlias = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would happen, write it to the results file, and change nothing."),
]


@expanded
def provision(
    *,
    roster: RosterArgument,
    dry_run: DryRun = False,
    reading: RosterReading,
    files: RunFileOptions,
    pace: PaceOptions,
    test_server: SandboxRun,
    account: AccountOptions,
) -> None:
    """Create the users, groups and memberships of a roster.

    The roster needs columns for e-mail, first name and last name; login, password and group are optional. They are
    found by their usual names, such as "Email Address" or "surname"; --map names the others. Several groups in one
    cell are separated by semicolons.

    The whole roster is checked before anything is sent. Users, groups and memberships that already exist are left as
    they are, so it is safe to interrupt a run and to run the same roster again.
    """
    # Imported late: provisioning is the largest part of the package, and `--help` does without it.
    from coggno.cli.provision.options import ProvisionOptions
    from coggno.provisioning import RunOptions

    client = evolve(account.settings(), timeout=pace.timeout, max_retries=pace.max_retries)
    options = ProvisionOptions(
        source=roster,
        roster=reading.options(),
        run=RunOptions(concurrency=pace.concurrency, rate=pace.rate, patience=pace.patience),
        output=files.options(),
        client=client,
        dry_run=dry_run,
    )
    raise typer.Exit(_run(options, test_server))


def _run(options: ProvisionOptions, test_server: SandboxRun) -> ExitCode:
    from coggno.cli.commands.provision.ending import end_run
    from coggno.cli.provision.run import run_provisioning

    accept_ctrl_c()
    with ExitStack() as stack:
        client = test_server.settings(options.client, stack)
        report = run_provisioning(evolve(options, client=client))
    return end_run(report, allow_refused=options.output.allow_refused)
