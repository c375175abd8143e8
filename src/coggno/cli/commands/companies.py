"""`coggno companies`: list and create connected companies."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.options import BaseUrl, Email, FirstName, Json, LastName, NewLogin, PasswordStdin, examples
from coggno.cli.terminal import columns
from coggno.cli.terminal.list_output import show_all, show_one
from coggno.cli.terminal.prompts import read_password
from coggno.models import Company

companies = typer.Typer(no_args_is_help=True, epilog=examples("coggno companies list"))


@companies.command("list", epilog=examples("coggno companies list", "coggno companies list --json"))
def list_companies(*, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all connected companies with their ids."""

    async def work(coggno: AsyncCoggno) -> None:
        found = coggno.companies.iter()
        await show_all(found, columns.COMPANY, as_json=as_json, if_empty="There are no connected companies.")

    ClientSettings(base_url=base_url).run(work)


@companies.command(
    "create",
    epilog=examples("coggno companies create --email jo@acme.org --first-name Jo --last-name Doe"),
)
def create_company(
    *,
    email: Email,
    first_name: FirstName,
    last_name: LastName,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Name of the company.")] = None,
    login: NewLogin = None,
    password_stdin: PasswordStdin = False,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a connected company and the user who owns it. The command asks for the owner's password."""
    # The key before the question: nobody should type a password twice for nothing.
    settings = ClientSettings(base_url=base_url).require_key()
    password = read_password(from_stdin=password_stdin)

    async def work(coggno: AsyncCoggno) -> Company:
        return await coggno.companies.create(
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            name=name,
            login=login,
        )

    show_one(settings.run(work), columns.COMPANY, as_json=as_json)
