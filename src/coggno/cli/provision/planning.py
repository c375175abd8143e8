"""Makes the plan of a run; what goes wrong there has changed nothing."""

from __future__ import annotations

import asyncio
import shlex
from typing import Final

from attrs import evolve, frozen

from coggno import (
    APIError,
    AsyncCoggno,
    AuthenticationError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
)
from coggno.cli.error_messages import describe
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.provisioning import Plan, PlanError, PlanFile, Roster, RosterOptions, RunOptions, StoppedError, make_plan

_AGAIN: Final = "Run the same command again later."


@frozen
class SavedPlanCheck:
    """Whether a saved plan still comes to the same.

    Attributes:
        plan: what was agreed to.
        is_continued: whether a run has begun to carry it out, so that what is on the server has changed meanwhile.
    """

    plan: PlanFile
    is_continued: bool

    async def check(self, coggno: AsyncCoggno, roster: Roster, options: RunOptions) -> None:
        """Return if the plan may be carried out.

        Raises:
            PlanError: it may not.
        """
        if self.is_continued:
            self.plan.check_client(coggno, accepts_new_key=options.recheck)
            self.plan.check_roster(roster)
        else:
            # Without the journal: rows that an earlier run has done would be missing in the comparison.
            await self.plan.make_again(coggno, evolve(options, journal=None), roster)


async def plan_run(
    coggno: AsyncCoggno, roster: Roster, options: RunOptions, *, makes_passwords: bool, saved: SavedPlanCheck | None
) -> Plan:
    """Read what exists, and plan what is to be done.

    Args:
        coggno: sends the requests.
        roster: what is wanted.
        options: how the run proceeds.
        makes_passwords: whether passwords are to be generated.
        saved: a plan that has to come to the same; `None` for a new one.

    Raises:
        CommandError: it could not be read; nothing was changed.
        CoggnoError: a setting, the journal, the roster or the saved plan cannot be used; nothing was changed.
    """
    try:
        if saved is not None:
            await saved.check(coggno, roster, options)
        identity = "" if saved is None else saved.plan.id
        plan = await make_plan(coggno, roster, options, makes_passwords=makes_passwords, saved_plan=identity)
    except APIError as error:
        raise _planning_error(error) from error
    except PlanError as error:
        raise CommandError(_stale(error, saved)) from error
    except StoppedError as error:
        message = f"The run stopped early: {error.reason}. Nothing was changed. {_AGAIN}"
        raise CommandError(message, ExitCode.STOPPED) from error
    except asyncio.CancelledError:
        # Ctrl-C: nothing else cancels this task, and here it is certain that nothing has been written yet.
        raise CommandError("Interrupted. Nothing was changed.", ExitCode.INTERRUPTED) from None
    if saved is not None:
        # Somebody may have come since the comparison, or since the run began that is continued.
        saved.plan.leave_out_others(plan)
    return plan


def _stale(error: PlanError, saved: SavedPlanCheck | None) -> str:
    text = str(error).removesuffix(" Make the plan again.")
    unchanged = "" if "Nothing was changed." in text else " Nothing was changed."
    again = "coggno provision ROSTER" if saved is None else _command_of(saved.plan)
    return f"{text}{unchanged}\nMake a new plan: {again} --dry-run --plan-out PLAN"


def _command_of(plan: PlanFile) -> str:
    """Return the command that reads the roster as a plan did."""
    words = ["coggno", "provision", plan.roster if plan.roster_path is not None else "ROSTER"]
    settings = RosterOptions(**plan.settings)
    for field, column in settings.mapping.items():
        words += ["--map", f"{field}={column}"]
    for group in settings.groups:
        words += ["--group", group]
    for option in ("delimiter", "encoding", "sheet"):
        if (value := getattr(settings, option)) is not None:
            words += [f"--{option}", value]
    if plan.removals is not None:
        words += ["--remove-missing", plan.removals.scope]
        if plan.protect_path is not None:
            words += ["--protect", plan.protect_path]
    if plan.makes_passwords:
        words += ["--generate-passwords", "FILE"]
    return shlex.join(words)


def _planning_error(error: APIError) -> CommandError:
    text = describe(error)
    # "Nothing was sent" is what the description of a connection that failed ends with; it says this as well.
    unchanged = "" if "Nothing was sent." in text else " Nothing was changed."
    if isinstance(error, AuthenticationError | PermissionDeniedError | NotFoundError | DecodeError):
        # The same command would fail in the same way: the key, the company or the address has to be corrected first.
        return CommandError(f"{text}{unchanged}", ExitCode.FAILED)
    return CommandError(f"{text}{unchanged} {_AGAIN}", ExitCode.STOPPED)
