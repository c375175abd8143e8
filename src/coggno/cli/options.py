"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from coggno.cli.exit_codes import CommandError

Company: TypeAlias = Annotated[
    str | None,
    typer.Option("--company", metavar="ID", help="Act for this connected company (see: coggno companies list)."),
]
BaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Where the API is. Else COGGNO_BASE_URL, or what the key says."),
]
Json: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="For programs: one JSON object per line, named as in the API."),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
IsLogin: TypeAlias = Annotated[bool, typer.Option("--login", help="USER is a login, even if it is all digits.")]
PasswordStdin: TypeAlias = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of standard input."),
]
Email: TypeAlias = Annotated[str, typer.Option("--email", metavar="ADDRESS", help="E-mail address.")]
FirstName: TypeAlias = Annotated[str, typer.Option("--first-name", metavar="TEXT", help="Given name.")]
LastName: TypeAlias = Annotated[str, typer.Option("--last-name", metavar="TEXT", help="Family name.")]
NewLogin: TypeAlias = Annotated[
    str | None,
    typer.Option("--login", metavar="TEXT", help="Login name; the e-mail address if not given."),
]
UserArgument: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="USER", help="All digits: the user's id. Anything else: the login.", show_default=False),
]


def _group_id(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise typer.BadParameter(f"{text!r} is not the id of a group; coggno groups list shows names and ids")
    return int(text)


GroupArgument: TypeAlias = Annotated[int, typer.Argument(metavar="GROUP", help="The group's id.", parser=_group_id)]


def examples(*lines: str) -> str:
    """Return an epilog that shows `lines` as they are."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


_SECRETS = {
    "--api-key": "the API key is never an argument, where others could read it: set COGGNO_API_KEY",
    "--key": "the API key is never an argument, where others could read it: set COGGNO_API_KEY",
    "--token": "the API key is never an argument, where others could read it: set COGGNO_API_KEY",
    "--password": "a password is never an argument, where others could read it: you are asked, or use --password-stdin",
}


def refuse_secrets(arguments: list[str], key: str | None) -> None:
    """Refuse a command line that carries a secret, without repeating it.

    Args:
        arguments: of the process.
        key: the API key from the environment, if any.

    Raises:
        CommandError: saying where the secret belongs.
    """
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name in _SECRETS:
            raise CommandError(f"{name}: {_SECRETS[name]}")
        if key and key in {argument, value}:
            raise CommandError(_SECRETS["--api-key"])
