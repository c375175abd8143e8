"""The command that carries out a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from attrs import evolve

from coggno.cli.arguments.user_file import read_users
from coggno.cli.commands.provision.file_options import RunFileOptions
from coggno.cli.commands.provision.run_options import PaceOptions
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError
from coggno.cli.option_groups import expanded
from coggno.cli.options import Yes
from coggno.cli.terminal.interrupt import accept_ctrl_c
from coggno.cli.terminal.prompts import require_confirmation_possible

if TYPE_CHECKING:
    from coggno.provisioning import PlanFile, Removals

PlanArgument: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="PLAN", help="File of: coggno provision ROSTER --dry-run --plan-out PLAN", show_default=False
    ),
]
PlannedRoster: TypeAlias = Annotated[
    str | None,
    typer.Option("--roster", metavar="FILE", help="The roster, if it is no longer where it was for the plan."),
]


@expanded
def apply(
    *,
    plan: PlanArgument,
    roster: PlannedRoster = None,
    yes: Yes = False,
    files: RunFileOptions,
    pace: PaceOptions,
    account: AccountOptions,
) -> None:
    """Carry out a saved plan of a roster, or nothing.

    Nothing is changed unless the plan is still right: the same roster, a key of the same mode, the same company and
    server, and nothing there has changed that makes a difference.
    """
    # Imported late, as in `provision`.
    from coggno.cli.commands.provision.ending import end_run
    from coggno.cli.provision.options import ProvisionOptions
    from coggno.cli.provision.run import run_provisioning
    from coggno.provisioning import PlanFile, RosterOptions

    saved = PlanFile.load(plan)
    _check_passwords(saved, files)
    if saved.removals is not None:
        require_confirmation_possible(yes=yes)
        _check_protected(saved, saved.removals)
    options = ProvisionOptions(
        source=roster or _roster_of(saved, plan),
        roster=RosterOptions(**saved.settings),
        run=evolve(pace.run_options(), removals=saved.removals),
        output=files.options(),
        client=pace.client_settings(account.settings()),
        saved_plan=saved,
        is_confirmed=yes,
    )
    accept_ctrl_c()
    raise typer.Exit(end_run(run_provisioning(options), allow_refused=files.allow_refused))


def _roster_of(plan: PlanFile, path: Path) -> str:
    if plan.roster_path is None:
        raise CommandError(f"The roster of {path} came from standard input. Name it with --roster.")
    if not Path(plan.roster_path).is_file():
        raise CommandError(f"The roster {plan.roster_path} is not there any more. Name it with --roster.")
    return plan.roster_path


def _check_protected(plan: PlanFile, removals: Removals) -> None:
    """Reject a plan that may remove somebody who is protected by now."""
    if plan.protect_path is None:
        return
    users = read_users(plan.protect_path, are_logins=True)
    if evolve(removals, protect=[user.text for user in users]) != removals:
        message = f"{plan.protect_path} protects other users than when the plan was made. Nothing was changed."
        raise CommandError(f"{message} Make the plan again.")


def _check_passwords(plan: PlanFile, files: RunFileOptions) -> None:
    if plan.makes_passwords and files.passwords is None:
        raise CommandError("The plan generates passwords. Say where to save them: --generate-passwords FILE")
    if not plan.makes_passwords and files.passwords is not None:
        raise CommandError("The plan generates no passwords: leave out --generate-passwords, or make the plan again.")
