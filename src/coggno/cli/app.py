"""The commands put together, and how the program runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from coggno._version import __version__
from coggno.cli import error_messages, options, shell_completion, usage_errors
from coggno.cli.commands.companies import companies
from coggno.cli.commands.documents import documents
from coggno.cli.commands.groups import groups
from coggno.cli.commands.jobs import jobs
from coggno.cli.commands.journal import journal
from coggno.cli.commands.login import login, logout
from coggno.cli.commands.profiles import profiles, whoami
from coggno.cli.commands.provision import apply, provision
from coggno.cli.commands.report import report
from coggno.cli.commands.sandbox import FAULTS_HELP, sandbox
from coggno.cli.commands.users import users
from coggno.cli.commands.worker import worker
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.terminal import output
from coggno.cli.terminal.help_text import HelpWithExitCodes, help_width, with_plain_arguments, write_exit_codes


class RootCommand(TyperGroup):
    """The command `coggno`: errors of every command below it end as a message and an exit code.

    Both steps are inside of typer's own error handling, which would end Ctrl-C and a closed pipe in another way.
    """

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the options of `coggno` itself, and show its help."""
        with error_messages.reported():
            return super().make_context(*args, terminal_width=help_width(), **options)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the exit codes, which are the same in all commands, then the examples."""
        write_exit_codes(formatter)
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for, or show its help."""
        with error_messages.reported():
            return super().invoke(ctx)


app = typer.Typer(
    cls=RootCommand,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Plain help is twice as fast as rich's, and stays readable in a narrow terminal.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=options.examples(
        "coggno users list",
        "coggno provision people.csv --dry-run",
        "coggno sandbox",
    ),
)
app.command(
    cls=HelpWithExitCodes,
    short_help="Create the users, groups and memberships of a roster.",
    epilog=options.examples(
        "coggno provision people.csv --dry-run",
        "coggno provision people.csv --generate-passwords passwords.csv",
        "coggno provision people.csv --map email=Work_Mail --group Warehouse --json",
        "coggno provision people.csv --remove-missing members --protect staff.txt",
        "coggno provision people.csv --sandbox",
        "coggno provision people.csv --detach --journal postgresql:///coggno",
    ),
)(provision)
app.command(
    cls=HelpWithExitCodes,
    short_help="Carry out a saved plan of a roster, or nothing.",
    epilog=options.examples(
        "coggno provision people.csv --dry-run --plan-out monday.plan",
        "coggno apply monday.plan",
    ),
)(apply)
app.command(
    cls=HelpWithExitCodes,
    short_help="Carry out submitted jobs, together with other workers.",
    epilog=options.examples(
        "coggno worker --journal postgresql:///coggno",
        "coggno worker --journal postgresql:///coggno --forever --health 0.0.0.0:8080",
    ),
)(worker)
app.add_typer(jobs, name="jobs", help="Show submitted jobs, write their results, cancel or delete one.")
app.add_typer(journal, name="journal", help="Show journals of runs, write results from them, recover damaged ones.")
app.command(
    epilog=options.examples("coggno login", "coggno login --profile acme --company 7"),
)(login)
app.command(epilog=options.examples("coggno logout --profile acme"))(logout)
app.command(epilog=options.examples("coggno whoami", "coggno whoami --profile acme --json"))(whoami)
app.add_typer(profiles, name="profiles", help="List the profiles that coggno login has made.")
app.add_typer(users, name="users", help="List, show, create and delete users.")
app.add_typer(groups, name="groups", help="List, show, create and delete groups and their members.")
app.add_typer(companies, name="companies", help="List and create connected companies.")
app.add_typer(documents, name="documents", help="List training documents and their licenses.")
app.add_typer(report, name="report", help="Report who has finished which training.")
app.command(
    epilog="\n\n".join(
        [
            options.examples("coggno sandbox --users 20", "coggno sandbox --fault createUser:drop,after,p=0.1"),
            FAULTS_HELP,
        ]
    )
)(sandbox)


def _show_version(is_given: bool) -> None:  # noqa: FBT001 - called by typer
    if is_given:
        output.write(f"coggno {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Manage users, groups and training of the Coggno LMS.

    The API key is the one that coggno login has stored, or that of the environment variable COGGNO_API_KEY.

    To try the commands without a key, start a test server: coggno sandbox
    """


def command() -> Any:
    """Return all commands, as typer builds them, with their help in plain words."""
    return with_plain_arguments(get_command(app))


def run(argv: Sequence[str] | None = None) -> int:
    """Run the program and return the exit code.

    Args:
        argv: the arguments; those of the process if not given.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    output.accept_any_text()
    code = error_messages.flush_stdout(_run_command(arguments))
    output.silence_closed_stderr()
    return code


def _run_command(arguments: list[str]) -> int:
    try:
        options.reject_secrets(arguments, os.environ.get("COGGNO_API_KEY"))
        if shell_completion.is_installation(arguments) and not shell_completion.may_install():
            return ExitCode.OK
        # Not standalone: typer would print mistakes in its own words, and end the process.
        code = command().main(args=arguments, prog_name="coggno", standalone_mode=False)
    except CommandError as error:
        error_messages.report_error(str(error))
        return error.code
    except usage_errors.UsageError as error:
        return usage_errors.report(error)
    except SystemExit as end:  # how typer ends a request for shell completion
        return end.code if isinstance(end.code, int) else ExitCode.OK
    return code if isinstance(code, int) else ExitCode.OK
