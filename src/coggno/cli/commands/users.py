"""`coggno users`: look at users, make one, delete one."""

from __future__ import annotations

from typing import Annotated

import typer

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.user_argument import UserReference
from coggno.cli.options import (
    BaseUrl,
    Company,
    Email,
    FirstName,
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
from coggno.cli.terminal.list_output import each, show_all, show_one
from coggno.cli.terminal.prompts import password, require_consent, require_consent_possible
from coggno.models import User

users = typer.Typer(no_args_is_help=True, epilog=examples("coggno users list --json | jq -r .login"))


@users.command("list", epilog=examples("coggno users list", "coggno users list --company 7 --json"))
def list_users(*, company: Company = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """List all users."""

    async def work(coggno: AsyncCoggno) -> None:
        await show_all(coggno.users.iter(), columns.USER, as_json=as_json, nothing="No users.")

    ClientSettings(company=company, base_url=base_url).run(work)


@users.command("get", epilog=examples("coggno users get 42", "coggno users get ada@example.com"))
def get_user(
    *,
    user: UserArgument,
    is_login: IsLogin = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a user."""
    found = ClientSettings(company=company, base_url=base_url).run(UserReference(user, is_login).user)
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
    group: Annotated[int | None, typer.Option("--group", metavar="ID", help="Id of a group to join.")] = None,
    password_stdin: PasswordStdin = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a user. The password is asked for; for many users see: coggno provision."""
    settings = ClientSettings(company=company, base_url=base_url).checked()
    secret = password(from_stdin=password_stdin)

    async def work(coggno: AsyncCoggno) -> User:
        return await coggno.users.create(
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=secret,
            login=login,
            group_id=group,
        )

    show_one(settings.run(work), columns.USER, as_json=as_json)


@users.command("delete", epilog=examples("coggno users delete ada@example.com", "coggno users delete 42 --yes"))
def delete_user(
    *,
    user: UserArgument,
    is_login: IsLogin = False,
    yes: Yes = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a user from the LMS and all groups. Coggno keeps the person as a regular user."""
    require_consent_possible(yes=yes)
    settings = ClientSettings(company=company, base_url=base_url)
    found = settings.run(UserReference(user, is_login).user)
    named = f"user {found.id}, {found.login}, {found.first_name} {found.last_name}"
    require_consent(f"Delete {named}?", yes=yes)
    settings.run(lambda coggno: coggno.users.delete(found.id))
    if as_json:
        output.write_json(output.as_data(found))
    else:
        output.write(output.clean(f"Deleted {named}."))


@users.command("licenses", epilog=examples("coggno users licenses ada@example.com"))
def list_licenses(
    *,
    user: UserArgument,
    is_login: IsLogin = False,
    company: Company = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the licenses of a user. With --json: one object, as the API answers."""
    who = UserReference(user, is_login)

    async def work(coggno: AsyncCoggno) -> None:
        answer = await coggno.users.licenses(await who.id(coggno))
        if as_json:
            output.write_json(output.as_data(answer))
        else:
            await show_all(each(answer.licenses), columns.LICENSE_OF_USER, as_json=False, nothing="No licenses.")

    ClientSettings(company=company, base_url=base_url).run(work)
