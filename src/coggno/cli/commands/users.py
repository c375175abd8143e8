"""`coggno users`: list, show, create and delete users."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import typer

from coggno import AsyncCoggno
from coggno.cli.arguments.group import GroupReference
from coggno.cli.arguments.not_found import not_found
from coggno.cli.arguments.user import UserReference, name_of
from coggno.cli.commands.delete_users import delete_users
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.lists.columns import LICENSE_OF_USER, USER
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.show import ListView, iterate, show_one
from coggno.cli.new_person import NewPersonOptions
from coggno.cli.option_groups import expanded
from coggno.cli.options import GroupOption, IsLogin, Json, UserArgument, examples
from coggno.errors import PartialWriteError

users = typer.Typer(no_args_is_help=True, epilog=examples("coggno users list --json | jq -r .login"))


@users.command(
    "list",
    epilog=examples("coggno users list --filter login~example.com --sort last_name", "coggno users list --csv"),
)
@expanded
def list_users(*, listing: ListOptions, account: AccountOptions) -> None:
    """List all users with their ids."""
    view = ListView.of(USER, listing)
    account.settings().run(lambda coggno: view.show(coggno.users.iter()))


@users.command("get", epilog=examples("coggno users get ada@example.com", "coggno users get 42"))
@expanded
def get_user(*, user: UserArgument, is_login: IsLogin = False, as_json: Json = False, account: AccountOptions) -> None:
    """Show a user."""
    reference = UserReference(user, is_login)
    show_one(account.settings().run(reference.find), USER, as_json=as_json)


@users.command(
    "create",
    epilog=examples("coggno users create --email jo@example.com --first-name Jo --last-name Doe"),
)
@expanded
def create_user(
    *, person: NewPersonOptions, group: GroupOption = None, as_json: Json = False, account: AccountOptions
) -> None:
    """Create a user. The command asks for the password; to create many users, use coggno provision."""
    # The key and the group before the question: nobody should type a password twice for nothing.
    settings = account.settings().require_key()
    group_id = None if group is None else settings.run(GroupReference(group).find).id
    fields = person.fields()
    with _missing_membership_reported(group_id):
        created = settings.run(lambda coggno: coggno.users.create(group_id=group_id, **fields))
        show_one(created, USER, as_json=as_json)


users.command(
    "delete",
    epilog=examples("coggno users delete ada@example.com", "coggno users delete --file leavers.csv --max-count 200"),
)(delete_users)


@users.command("licenses", epilog=examples("coggno users licenses ada@example.com"))
@expanded
def list_licenses(
    *, user: UserArgument, is_login: IsLogin = False, listing: ListOptions, account: AccountOptions
) -> None:
    """List the licenses of a user."""
    view, reference = ListView.of(LICENSE_OF_USER, listing), UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> None:
        with not_found(f"No user has {reference}."):
            found = await coggno.users.licenses(await reference.find_id(coggno))
        await view.show(iterate(found.licenses))

    account.settings().run(work)


@contextmanager
def _missing_membership_reported(group: int | None) -> Generator[None]:
    """Report a user who was created, but not found in the group, with the command that makes up for it."""
    try:
        yield
    except PartialWriteError as partial:
        message = f"Created the {name_of(partial.value)}, but it is not certain that the user is in group {group}."
        command = f"coggno groups members add {group} {partial.value.id}"
        raise CommandError(f"{message}\nAdd the user with: {command}", ExitCode.FAILED) from None
