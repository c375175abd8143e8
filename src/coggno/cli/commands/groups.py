"""`coggno groups`: look at groups, make one, delete one."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.members import members
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.options import BaseUrl, Company, GroupArgument, Json, Yes, examples
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import show_all, show_one
from coggno.cli.terminal.prompts import require_consent, require_consent_possible

groups = typer.Typer(no_args_is_help=True, epilog=examples("coggno groups create Warehouse"))
groups.add_typer(members, name="members", help="Who is in a group.")


@groups.command("list", epilog=examples("coggno groups list", "coggno groups list --json"))
def list_groups(*, company: Company = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all groups."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.groups.iter(), columns.GROUP, as_json=as_json, nothing="No groups.")

    ClientSettings(company=company, base_url=base_url).run(work)


@groups.command("get", epilog=examples("coggno groups get 3"))
def get_group(
    *,
    group: GroupArgument,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a group."""
    found = ClientSettings(company=company, base_url=base_url).run(lambda coggno: coggno.groups.get(group))
    show_one(found, columns.GROUP, as_json=as_json)


@groups.command("create", epilog=examples("coggno groups create Warehouse --description 'Hall 1 and 2'"))
def create_group(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The group's name.", show_default=False)],
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")] = None,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a group. Names are not unique: doing it twice makes two groups."""
    created = ClientSettings(company=company, base_url=base_url).run(
        lambda coggno: coggno.groups.create(name=name, description=description)
    )
    show_one(created, columns.GROUP, as_json=as_json)


@groups.command("delete", epilog=examples("coggno groups delete 3", "coggno groups delete 3 --yes"))
def delete_group(
    *,
    group: GroupArgument,
    yes: Yes = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a group. Its members stay in the LMS."""
    require_consent_possible(yes=yes)
    settings = ClientSettings(company=company, base_url=base_url)
    found = settings.run(lambda coggno: coggno.groups.get(group))
    if found.id != group:
        message = f"asked for group {group}, the server answers with group {found.id}; nothing was deleted"
        raise CommandError(message, ExitCode.FAILED)
    named = f"group {found.id}, {found.name}"
    require_consent(f"Delete {named}?", yes=yes)
    settings.run(lambda coggno: coggno.groups.delete(found.id, found.name))
    if as_json:
        output.write_json(output.as_data(found))
    else:
        output.write(output.clean(f"Deleted {named}."))
