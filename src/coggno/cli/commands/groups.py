"""`coggno groups`: list, show, create and delete groups."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.members import members
from coggno.cli.commands.not_found import no_group, not_found
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.options import BaseUrl, CompanyOption, GroupArgument, Json, Yes, examples, not_empty
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import show_all, show_one
from coggno.cli.terminal.prompts import confirm, require_confirmation_possible
from coggno.models import Group

groups = typer.Typer(no_args_is_help=True, epilog=examples("coggno groups create Warehouse"))
groups.add_typer(members, name="members", help="List, add and remove the members of a group.")


@groups.command("list", epilog=examples("coggno groups list", "coggno groups list --json"))
def list_groups(*, company: CompanyOption = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all groups with their ids."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.groups.iter(), columns.GROUP, as_json=as_json, if_empty="There are no groups.")

    ClientSettings(company=company, base_url=base_url).run(work)


@groups.command("get", epilog=examples("coggno groups get 3"))
def get_group(
    *,
    group: GroupArgument,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a group."""
    found = _find(ClientSettings(company=company, base_url=base_url), group)
    show_one(found, columns.GROUP, as_json=as_json)


@groups.command("create", epilog=examples("coggno groups create Warehouse --description 'Hall 1 and 2'"))
def create_group(
    *,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", parser=not_empty, help="Name of the group.", show_default=False),
    ],
    description: Annotated[
        str | None,
        typer.Option("--description", metavar="TEXT", help="Description of the group."),
    ] = None,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a group. Names are not unique: running it twice creates two groups."""
    created = ClientSettings(company=company, base_url=base_url).run(
        lambda coggno: coggno.groups.create(name=name, description=description)
    )
    show_one(created, columns.GROUP, as_json=as_json)


@groups.command("delete", epilog=examples("coggno groups delete 3", "coggno groups delete 3 --yes"))
def delete_group(
    *,
    group: GroupArgument,
    yes: Yes = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a group. Its members stay in the LMS."""
    require_confirmation_possible(yes=yes)
    settings = ClientSettings(company=company, base_url=base_url)
    # Read first, so that the question shows the name of what will be deleted.
    found = _find(settings, group)
    name = f"group {found.name or 'without a name'} (id {found.id})"
    if not confirm(f"Delete the {name}?", yes=yes):
        output.write_message("Nothing was deleted.")
        return
    settings.run(lambda coggno: coggno.groups.delete(found.id, found.name))
    if as_json:
        output.write_json(output.as_data(found))
    else:
        output.write(output.clean(f"Deleted the {name}."))


def _find(settings: ClientSettings, group: int) -> Group:
    with not_found(no_group(group)):
        found = settings.run(lambda coggno: coggno.groups.get(group))
    if found.id != group:
        message = f"Asked for group {group}, the server returned group {found.id}. Nothing was changed."
        raise CommandError(message, ExitCode.FAILED)
    return found
