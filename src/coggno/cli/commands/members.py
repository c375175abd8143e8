"""`coggno groups members`: list, add and remove the members of a group."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import typer

from coggno import AsyncCoggno
from coggno.cli.arguments.group import GroupReference
from coggno.cli.arguments.not_found import no_group, not_found, require_group
from coggno.cli.arguments.user import UserReference
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.lists.columns import MEMBER
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.show import ListView, show_one
from coggno.cli.option_groups import expanded
from coggno.cli.options import GroupArgument, IsLogin, Json, UserArgument, examples
from coggno.cli.terminal import output
from coggno.errors import NotFoundError
from coggno.models import User

members = typer.Typer(no_args_is_help=True, epilog=examples("coggno groups members add Warehouse ada@example.com"))


@members.command("list", epilog=examples("coggno groups members list Warehouse", "coggno groups members list 3 --csv"))
@expanded
def list_members(*, group: GroupArgument, listing: ListOptions, account: AccountOptions) -> None:
    """List the members of a group."""
    view = ListView.of(MEMBER, listing)

    async def work(coggno: AsyncCoggno) -> None:
        group_id = await GroupReference(group).find_id(coggno)
        with not_found(no_group(group_id)):
            await view.show(coggno.groups.users.iter(group_id))

    account.settings().run(work)


@members.command("add", epilog=examples("coggno groups members add Warehouse ada@example.com"))
@expanded
def add_member(
    *,
    group: GroupArgument,
    user: UserArgument,
    is_login: IsLogin = False,
    as_json: Json = False,
    account: AccountOptions,
) -> None:
    """Add a user to a group."""
    reference = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> User:
        group_id = await GroupReference(group).find_id(coggno)
        user_id = await reference.find_id(coggno)
        async with _member_not_found(coggno, group_id, f"No user has {reference}."):
            return await coggno.groups.users.add(group_id, user_id)

    show_one(account.settings().run(work), MEMBER, as_json=as_json)


@members.command("remove", epilog=examples("coggno groups members remove Warehouse ada@example.com"))
@expanded
def remove_member(
    *,
    group: GroupArgument,
    user: UserArgument,
    is_login: IsLogin = False,
    as_json: Json = False,
    account: AccountOptions,
) -> None:
    """Remove a user from a group. The user stays in the LMS."""
    reference = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> tuple[int, int]:
        group_id = await GroupReference(group).find_id(coggno)
        user_id = await reference.find_id(coggno)
        hint = f"See: coggno groups members list {group_id}"
        message = f"The user with {reference} is not a member of the group with {GroupReference(group)}. {hint}"
        async with _member_not_found(coggno, group_id, message):
            await coggno.groups.users.remove(group_id, user_id)
        return group_id, user_id

    group_id, user_id = account.settings().run(work)
    if as_json:
        output.write_json({"group_id": group_id, "user_id": user_id})
    else:
        output.write(output.clean(f"Removed the user with {reference} from the group with {GroupReference(group)}."))


@asynccontextmanager
async def _member_not_found(coggno: AsyncCoggno, group: int, message: str) -> AsyncGenerator[None]:
    """Report a 404 inside the context as a missing group, or with `message` if the group exists."""
    try:
        yield
    except NotFoundError:
        await require_group(coggno, group)
        raise CommandError(message, ExitCode.FAILED) from None
