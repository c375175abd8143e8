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
from coggno.cli import error_messages, options
from coggno.cli.commands.companies import companies
from coggno.cli.commands.documents import documents
from coggno.cli.commands.groups import groups
from coggno.cli.commands.provision import provision
from coggno.cli.commands.sandbox import FAULTS, sandbox
from coggno.cli.commands.users import users
from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output


class Root(TyperGroup):
    """The root command: every error of a command under it ends as a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with error_messages.reported():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Plain help is twice as fast as rich's, and stays readable in a narrow terminal.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=options.examples("coggno provision people.csv --dry-run", "coggno users list"),
)
app.command(
    short_help="Users, groups and memberships from a roster.",
    epilog=options.examples(
        "coggno provision people.csv --dry-run",
        "coggno provision people.csv --generate-passwords passwords.csv",
        "coggno provision people.csv --map email=Work_Mail --group Warehouse --json",
        "coggno provision people.csv --sandbox",
    ),
)(provision)
app.add_typer(users, name="users", help="Look at users, create one, delete one.")
app.add_typer(groups, name="groups", help="Look at groups and their members, create one, delete one.")
app.add_typer(companies, name="companies", help="Look at connected companies, create one.")
app.add_typer(documents, name="documents", help="Look at training content and its licenses.")
app.command(
    epilog="\n\n".join(
        [
            options.examples("coggno sandbox --users 20", "coggno sandbox --fault createUser:drop,after,p=0.1"),
            FAULTS,
        ]
    )
)(sandbox)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - called by typer
    if wanted:
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
    """The Coggno LMS on the command line. The API key comes from the environment: COGGNO_API_KEY."""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the program with `argv`, or the arguments of the process, and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    output.tolerate_any_text()
    try:
        options.refuse_secrets(arguments, os.environ.get("COGGNO_API_KEY"))
        get_command(app).main(args=arguments, prog_name="coggno")
    except CommandError as error:
        error_messages.report_error(str(error))
        return error.code
    except SystemExit as end:
        return error_messages.flush_stdout(end.code if isinstance(end.code, int) else 0)
    raise AssertionError  # pragma: no cover - click always exits
