"""`coggno groups members`: list, add and remove the members of a group."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.not_found import no_group, not_found, require_group
from coggno.cli.commands.user_argument import UserReference
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.options import BaseUrl, CompanyOption, GroupArgument, IsLogin, Json, UserArgument, examples
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import show_all, show_one
from coggno.errors import NotFoundError
from coggno.models import User

members = typer.Typer(no_args_is_help=True, epilog=examples("coggno groups members add 3 ada@example.com"))


@members.command("list", epilog=examples("coggno groups members list 3"))
def list_members(
    *,
    group: GroupArgument,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the members of a group."""

    async def work(coggno: AsyncCoggno) -> None:
        users = coggno.groups.users.iter(group)
        with not_found(no_group(group)):
            await show_all(users, columns.USER, as_json=as_json, if_empty="The group has no members.")

    ClientSettings(company=company, base_url=base_url).run(work)


@members.command("add", epilog=examples("coggno groups members add 3 ada@example.com"))
def add_member(
    *,
    group: GroupArgument,
    user: UserArgument,
    is_login: IsLogin = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Add a user to a group."""
    reference = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> User:
        user_id = await reference.find_id(coggno)
        async with _member_not_found(coggno, group, f"No user has {reference}."):
            return await coggno.groups.users.add(group, user_id)

    show_one(ClientSettings(company=company, base_url=base_url).run(work), columns.USER, as_json=as_json)


@members.command("remove", epilog=examples("coggno groups members remove 3 ada@example.com"))
def remove_member(
    *,
    group: GroupArgument,
    user: UserArgument,
    is_login: IsLogin = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Remove a user from a group. The user stays in the LMS."""
    reference = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> int:
        user_id = await reference.find_id(coggno)
        message = f"The user with {reference} is not a member of group {group}. See: coggno groups members list {group}"
        async with _member_not_found(coggno, group, message):
            await coggno.groups.users.remove(group, user_id)
        return user_id

    removed = ClientSettings(company=company, base_url=base_url).run(work)
    if as_json:
        output.write_json({"group_id": group, "user_id": removed})
    else:
        output.write(f"Removed user {removed} from group {group}.")


@asynccontextmanager
async def _member_not_found(coggno: AsyncCoggno, group: int, message: str) -> AsyncGenerator[None]:
    """Report a 404 inside the context as a missing group, or with `message` if the group exists."""
    try:
        yield
    except NotFoundError:
        await require_group(coggno, group)
        raise CommandError(message, ExitCode.FAILED) from None
