"""`coggno groups members`: who is in a group."""

from __future__ import annotations

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.user_argument import UserReference
from coggno.cli.options import BaseUrl, Company, GroupArgument, IsLogin, Json, UserArgument, examples
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import show_all, show_one
from coggno.models import User

members = typer.Typer(no_args_is_help=True, epilog=examples("coggno groups members add 3 ada@example.com"))


@members.command("list", epilog=examples("coggno groups members list 3"))
def list_members(
    *,
    group: GroupArgument,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the members of a group."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.groups.users.iter(group), columns.USER, as_json=as_json, nothing="No members.")

    ClientSettings(company=company, base_url=base_url).run(work)


@members.command("add", epilog=examples("coggno groups members add 3 ada@example.com"))
def add_member(
    *,
    group: GroupArgument,
    user: UserArgument,
    is_login: IsLogin = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Add a user to a group."""
    who = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> User:
        return await coggno.groups.users.add(group, await who.id(coggno))

    show_one(ClientSettings(company=company, base_url=base_url).run(work), columns.USER, as_json=as_json)


@members.command("remove", epilog=examples("coggno groups members remove 3 ada@example.com"))
def remove_member(
    *,
    group: GroupArgument,
    user: UserArgument,
    is_login: IsLogin = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Remove a user from a group. The user stays in the LMS."""
    who = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> int:
        user_id = await who.id(coggno)
        await coggno.groups.users.remove(group, user_id)
        return user_id

    removed = ClientSettings(company=company, base_url=base_url).run(work)
    if as_json:
        output.write_json({"group_id": group, "user_id": removed})
    else:
        output.write(f"Removed user {removed} from group {group}.")
