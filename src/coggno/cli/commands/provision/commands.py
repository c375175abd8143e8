"""The command that carries out a roster."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from attrs import evolve

from coggno.cli.commands.provision.file_options import RunFileOptions
from coggno.cli.commands.provision.roster_options import RosterArgument, RosterReading
from coggno.cli.commands.provision.run_options import PaceOptions, RemovalOptions
from coggno.cli.commands.provision.sandbox_run import SandboxRun
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.option_groups import expanded
from coggno.cli.options import not_empty
from coggno.cli.terminal.interrupt import accept_ctrl_c
from coggno.cli.terminal.prompts import require_confirmation_possible

if TYPE_CHECKING:
    from coggno.cli.provision.options import ProvisionOptions

DryRun: TypeAlias = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would happen, write it to the results file, and change nothing."),
]
PlanOut: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--plan-out",
        metavar="FILE",
        help="With --dry-run: also save the plan, to be carried out as it is, or not at all, by: coggno apply FILE",
    ),
]
Recheck: TypeAlias = Annotated[
    bool,
    typer.Option("--recheck", help="Compare rows that an earlier run has done with the server again."),
]


Detach: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--detach",
        help="Only submit the roster to the database of --journal: workers carry it out. See: coggno worker --help",
    ),
]

Dask: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS|local",
        parser=not_empty,
        help=(
            "Carry the roster out on the workers of a Dask cluster, such as tcp://scheduler:8786, with the database of "
            "--journal; local starts one on this machine."
        ),
    ),
]


@expanded
def provision(
    *,
    roster: RosterArgument,
    dry_run: DryRun = False,
    plan_out: PlanOut = None,
    recheck: Recheck = False,
    detach: Detach = False,
    dask: Dask = None,
    reading: RosterReading,
    files: RunFileOptions,
    pace: PaceOptions,
    removal: RemovalOptions,
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

    if plan_out is not None and not dry_run:
        raise CommandError("--plan-out works only together with --dry-run: it saves the plan instead of the run.")
    removals = removal.removals()
    if removals is not None and not (dry_run or detach or dask):
        require_confirmation_possible(yes=removal.yes)
    options = ProvisionOptions(
        source=roster,
        roster=reading.options(),
        run=evolve(pace.run_options(), recheck=recheck, removals=removals),
        output=files.options(),
        client=pace.client_settings(account.settings()),
        dry_run=dry_run,
        plan_out=plan_out,
        protect=removal.protect,
        is_confirmed=removal.yes,
    )
    if detach and dask is not None:
        raise CommandError("--detach and --dask contradict each other: --detach only submits. Give one of them.")
    if detach:
        _submit(options, test_server)
    elif dask is not None:
        raise typer.Exit(_run_on_dask(options, test_server, dask))
    else:
        raise typer.Exit(_run(options, test_server))


def _submit(options: ProvisionOptions, test_server: SandboxRun) -> None:
    from coggno.cli.jobs.submission import submit

    submit(evolve(options, is_rehearsal=test_server.sandbox))


def _run_on_dask(options: ProvisionOptions, test_server: SandboxRun, address: str) -> ExitCode:
    from coggno.cli.commands.provision.ending import end_run
    from coggno.cli.jobs.dask_run import provision_on_dask

    accept_ctrl_c()
    report = provision_on_dask(evolve(options, is_rehearsal=test_server.sandbox), address)
    return end_run(report, allow_refused=options.output.allow_refused)


def _run(options: ProvisionOptions, test_server: SandboxRun) -> ExitCode:
    from coggno.cli.commands.provision.ending import end_run
    from coggno.cli.provision.run import run_provisioning

    accept_ctrl_c()
    with ExitStack() as stack:
        client = test_server.settings(options.client, stack)
        # A journal of a server that is gone in a moment would only be in the way of the next run.
        keeps_journal = options.output.keeps_journal and not test_server.sandbox
        files = evolve(options.output, keeps_journal=keeps_journal)
        report = run_provisioning(evolve(options, client=client, output=files, is_rehearsal=test_server.sandbox))
    return end_run(report, allow_refused=options.output.allow_refused)
