"""`coggno groups`: list, show, create and delete groups."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno import AsyncCoggno
from coggno._protocol.identity import named
from coggno.cli.arguments.group import GroupReference, group_label
from coggno.cli.commands.members import members
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.lists.columns import GROUP
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.show import ListView, show_one
from coggno.cli.option_groups import expanded
from coggno.cli.options import GroupArgument, Json, Yes, examples, not_empty
from coggno.cli.terminal import output
from coggno.cli.terminal.prompts import confirm, require_confirmation_possible
from coggno.models import Group

groups = typer.Typer(no_args_is_help=True, epilog=examples("coggno groups create Warehouse"))
groups.add_typer(members, name="members", help="List, add and remove the members of a group.")


@groups.command("list", epilog=examples("coggno groups list", "coggno groups list --filter name~hall --csv"))
@expanded
def list_groups(*, listing: ListOptions, account: AccountOptions) -> None:
    """List all groups with their ids."""
    view = ListView.of(GROUP, listing)
    account.settings().run(lambda coggno: view.show(coggno.groups.iter()))


@groups.command("get", epilog=examples("coggno groups get Warehouse", "coggno groups get 3"))
@expanded
def get_group(*, group: GroupArgument, as_json: Json = False, account: AccountOptions) -> None:
    """Show a group."""
    show_one(account.settings().run(GroupReference(group).find), GROUP, as_json=as_json)


@groups.command("create", epilog=examples("coggno groups create Warehouse --description 'Hall 1 and 2'"))
@expanded
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
    allow_duplicate: Annotated[
        bool,
        typer.Option("--allow-duplicate", help="Create the group even if there is one of that name."),
    ] = False,
    as_json: Json = False,
    account: AccountOptions,
) -> None:
    """Create a group. A name that exists already is refused, because provisioning could not tell the two apart."""

    async def work(coggno: AsyncCoggno) -> Group:
        if not allow_duplicate:
            _require_unused(await coggno.groups.list(), name)
        return await coggno.groups.create(name=name, description=description)

    made = account.settings().run(work)
    show_one(made, GROUP, as_json=as_json)
    if GroupReference(name).is_id:
        output.write_message(
            f"Note: commands take {name.strip()} for an id. Give them the id of this group, {made.id}."
        )


@groups.command("delete", epilog=examples("coggno groups delete Warehouse", "coggno groups delete 3 --yes"))
@expanded
def delete_group(*, group: GroupArgument, yes: Yes = False, as_json: Json = False, account: AccountOptions) -> None:
    """Delete a group. Its members stay in the LMS."""
    require_confirmation_possible(yes=yes)
    settings = account.settings()
    # Read first, so that the question shows the name and the id of what will be deleted.
    found = settings.run(GroupReference(group).find)
    if not confirm(f"Delete the {group_label(found)}?", yes=yes):
        return
    settings.run(lambda coggno: coggno.groups.delete(found.id, found.name))
    if as_json:
        output.write_json(output.as_data(found))
    else:
        output.write(f"Deleted the {group_label(found)}.")


def _require_unused(groups: list[Group], name: str) -> None:
    same = named(groups, name, lambda group: group.name)
    if same:
        others = f", and {len(same) - 1} more" if len(same) > 1 else ""
        message = f"The {group_label(same[0])} exists already{others}. Nothing was created."
        raise CommandError(f"{message} Add --allow-duplicate to create another one.", ExitCode.FAILED)
