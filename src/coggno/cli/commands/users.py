"""`coggno users`: list, show, create and delete users."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.not_found import not_found
from coggno.cli.commands.user_argument import UserReference, name_of
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.options import (
    BaseUrl,
    CompanyOption,
    Email,
    FirstName,
    GroupOption,
    IsLogin,
    Json,
    LastName,
    NewLogin,
    PasswordStdin,
    UserArgument,
    Yes,
    examples,
)
from coggno.cli.terminal import columns, output
from coggno.cli.terminal.list_output import iterate, show_all, show_one
from coggno.cli.terminal.prompts import confirm, read_password, require_confirmation_possible
from coggno.errors import PartialWriteError
from coggno.models import User

users = typer.Typer(no_args_is_help=True, epilog=examples("coggno users list --json | jq -r .login"))


@users.command("list", epilog=examples("coggno users list", "coggno users list --company 7 --json"))
def list_users(*, company: CompanyOption = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all users with their ids."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.users.iter(), columns.USER, as_json=as_json, if_empty="There are no users.")

    ClientSettings(company=company, base_url=base_url).run(work)


@users.command("get", epilog=examples("coggno users get ada@example.com", "coggno users get 42"))
def get_user(
    *,
    user: UserArgument,
    is_login: IsLogin = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a user."""
    found = ClientSettings(company=company, base_url=base_url).run(UserReference(user, is_login).find)
    show_one(found, columns.USER, as_json=as_json)


@users.command(
    "create",
    epilog=examples("coggno users create --email jo@example.com --first-name Jo --last-name Doe"),
)
def create_user(
    *,
    email: Email,
    first_name: FirstName,
    last_name: LastName,
    login: NewLogin = None,
    group: GroupOption = None,
    password_stdin: PasswordStdin = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a user. The command asks for the password; to create many users, use coggno provision."""
    # The key before the question: nobody should type a password twice for nothing.
    settings = ClientSettings(company=company, base_url=base_url).require_key()
    password = read_password(from_stdin=password_stdin)

    async def work(coggno: AsyncCoggno) -> User:
        return await coggno.users.create(
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            login=login,
            group_id=group,
        )

    with _missing_membership_reported(group):
        show_one(settings.run(work), columns.USER, as_json=as_json)


@users.command("delete", epilog=examples("coggno users delete ada@example.com", "coggno users delete 42 --yes"))
def delete_user(
    *,
    user: UserArgument,
    is_login: IsLogin = False,
    yes: Yes = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a user from the LMS and from all groups. The person keeps a regular Coggno account."""
    reference = UserReference(user, is_login)
    require_confirmation_possible(yes=yes)
    settings = ClientSettings(company=company, base_url=base_url)
    # Read first, so that the question shows who will be deleted; then deleted by id, which can mean nobody else.
    found = settings.run(reference.find)
    if not confirm(f"Delete the {name_of(found)}?", yes=yes):
        output.write_message("Nothing was deleted.")
        return
    settings.run(lambda coggno: coggno.users.delete(found.id))
    if as_json:
        output.write_json(output.as_data(found))
    else:
        output.write(f"Deleted the {name_of(found)}.")


@users.command("licenses", epilog=examples("coggno users licenses ada@example.com"))
def list_licenses(
    *,
    user: UserArgument,
    is_login: IsLogin = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the licenses of a user. With --json: one object, as the API returns it."""
    reference = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> None:
        with not_found(f"No user has {reference}."):
            found = await coggno.users.licenses(await reference.find_id(coggno))
        if as_json:
            output.write_json(output.as_data(found))
            return
        licenses = iterate(found.licenses)
        await show_all(licenses, columns.LICENSE_OF_USER, as_json=False, if_empty="The user has no licenses.")

    ClientSettings(company=company, base_url=base_url).run(work)


@contextmanager
def _missing_membership_reported(group: int | None) -> Generator[None]:
    """Report a user who was created, but not found in the group, with the command that makes up for it."""
    try:
        yield
    except PartialWriteError as partial:
        message = f"Created the {name_of(partial.value)}, but it is not certain that the user is in group {group}."
        command = f"coggno groups members add {group} {partial.value.id}"
        raise CommandError(f"{message}\nAdd the user with: {command}", ExitCode.FAILED) from None
