"""`coggno companies`: list and create connected companies."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno.cli.connection import ServerOptions
from coggno.cli.lists.columns import COMPANY
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.show import ListView, show_one
from coggno.cli.new_person import NewPersonOptions
from coggno.cli.option_groups import expanded
from coggno.cli.options import Json, examples

companies = typer.Typer(no_args_is_help=True, epilog=examples("coggno companies list"))


@companies.command("list", epilog=examples("coggno companies list", "coggno companies list --json"))
@expanded
def list_companies(*, listing: ListOptions, server: ServerOptions) -> None:
    """List all connected companies with their ids."""
    view = ListView.of(COMPANY, listing)
    server.settings().run(lambda coggno: view.show(coggno.companies.iter()))


@companies.command(
    "create",
    epilog=examples("coggno companies create --email jo@acme.org --first-name Jo --last-name Doe"),
)
@expanded
def create_company(
    *,
    person: NewPersonOptions,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Name of the company.")] = None,
    as_json: Json = False,
    server: ServerOptions,
) -> None:
    """Create a connected company and the user who owns it. The command asks for the owner's password."""
    # The key before the question: nobody should type a password twice for nothing.
    settings = server.settings().require_key()
    fields = person.fields()
    created = settings.run(lambda coggno: coggno.companies.create(name=name, **fields))
    show_one(created, COMPANY, as_json=as_json)
