"""Arguments and options that several commands share, and the parsers of their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

import typer

from coggno.cli.exit_codes import CommandError


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Return a parser of whole numbers; typer's own explains a typo in the words of its validation library."""

    def parse(text: str) -> int:
        digits = str(text)  # typer passes the default through the parser as well
        number = int(digits) if digits.isascii() and digits.isdigit() else -1
        if number < lowest or (highest is not None and number > highest):
            limits = f"from {lowest} to {highest}" if highest is not None else f"of at least {lowest}"
            raise typer.BadParameter(f"must be a whole number {limits}, not '{text}'.")
        return number

    return parse


def positive_number(text: str) -> float:
    """Parse a number above 0, such as `0.5`."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    # `float` also reads `nan` and `inf`, which are no limits.
    if not (number > 0 and math.isfinite(number)):
        raise typer.BadParameter(f"must be a number above 0, such as 0.5 or 30, not '{text}'.")
    return number


def not_empty(text: str) -> str:
    """Parse a text that must have at least one letter: `"$LOGIN"` is empty if the variable is misspelled."""
    if not text.strip():
        raise typer.BadParameter("must not be empty.")
    return text


def _company_id(text: str) -> str:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        message = f"must be the id of a connected company, such as 7, not '{text}'. See: coggno companies list"
        raise typer.BadParameter(message)
    return text


CompanyOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--company",
        metavar="ID",
        parser=_company_id,
        help="Act for this connected company. See: coggno companies list",
    ),
]
BaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="Address of the API. Default: of the profile, COGGNO_BASE_URL, or the address that belongs to the key.",
    ),
]
ProfileOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Work with this profile. See: coggno login --help"),
]
Verbose: TypeAlias = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Show requests, retries and waits on standard error."),
]
Json: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, one object per line, with the API's field names."),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
IsLogin: TypeAlias = Annotated[bool, typer.Option("--login", help="USER is a login, even if it is all digits.")]
PasswordStdin: TypeAlias = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of standard input."),
]
Email: TypeAlias = Annotated[
    str,
    typer.Option("--email", metavar="ADDRESS", parser=not_empty, help="E-mail address."),
]
FirstName: TypeAlias = Annotated[
    str, typer.Option("--first-name", metavar="TEXT", parser=not_empty, help="First name.")
]
LastName: TypeAlias = Annotated[
    str,
    typer.Option("--last-name", metavar="TEXT", parser=not_empty, help="Last name."),
]
NewLogin: TypeAlias = Annotated[
    str | None,
    typer.Option("--login", metavar="TEXT", help="Login. Default: the e-mail address."),
]
UserArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="USER",
        parser=not_empty,
        help="Login of the user, or the id (all digits).",
        show_default=False,
    ),
]
GroupArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="GROUP",
        parser=not_empty,
        help="Name of the group, or the id (all digits).",
        show_default=False,
    ),
]
GroupOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="GROUP",
        parser=not_empty,
        help="Also add the user to this group: its name, or the id (all digits).",
    ),
]
DocumentArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="DOCUMENT",
        parser=not_empty,
        help="Title of the document, or the id (all digits).",
        show_default=False,
    ),
]


def examples(*lines: str) -> str:
    r"""Return an epilog that shows `lines` as they are: `\b` keeps typer from filling the paragraph."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


# Every user of the machine can read the arguments of a process, and shells keep them in their history.
KEY_HINT: Final = (
    "The API key cannot be an argument, where others could read it. Run coggno login, or set COGGNO_API_KEY."
)
_SECRET_OPTIONS: Final = {
    "--api-key": KEY_HINT,
    "--key": KEY_HINT,
    "--token": KEY_HINT,
    "--password": (
        "A password cannot be an argument, where others could read it. "
        "The command asks for it, or reads it from standard input with --password-stdin."
    ),
}


def reject_secrets(arguments: list[str], key: str | None) -> None:
    """Reject a command line that contains a secret, without repeating the secret.

    Args:
        arguments: of the process.
        key: the API key from the environment, if any.

    Raises:
        CommandError: an argument is a secret or looks like an option for one.
    """
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name in _SECRET_OPTIONS:
            raise CommandError(_SECRET_OPTIONS[name])
        if key and key in {argument, value}:
            raise CommandError(KEY_HINT)
