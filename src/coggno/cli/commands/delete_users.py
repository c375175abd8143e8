"""`coggno users delete`: one user or many, from a file too, after a question that shows who it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated, Final, TypeAlias

import typer

from coggno import AsyncCoggno
from coggno._protocol.identity import login_key
from coggno.cli.arguments.user import UserReference, name_of
from coggno.cli.arguments.user_file import read_users
from coggno.cli.client_settings import ClientSettings
from coggno.cli.connection import AccountOptions
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.option_groups import expanded
from coggno.cli.options import IsLogin, Json, Yes, not_empty, whole_number
from coggno.cli.terminal import output
from coggno.cli.terminal.prompts import confirm, require_confirmation_possible
from coggno.errors import NotFoundError
from coggno.models import User

_SHOWN: Final = 10  # users in a question; more would push the question itself off the screen

UserArguments: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="USER...",
        parser=not_empty,
        help="Logins of users, or ids (all digits).",
        show_default=False,
    ),
]
UserFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Also the users in FILE (- is standard input): one login or id per line, or CSV with such a column.",
    ),
]
MaxCount: TypeAlias = Annotated[
    int,
    typer.Option("--max-count", metavar="N", parser=whole_number(1), help="Refuse to delete more than N users."),
]
SkipMissing: TypeAlias = Annotated[
    bool,
    typer.Option("--skip-missing", help="Leave out users who do not exist, instead of deleting nobody."),
]


@expanded
def delete_users(
    *,
    users: UserArguments = None,
    file: UserFile = None,
    is_login: IsLogin = False,
    max_count: MaxCount = 50,
    skip_missing: SkipMissing = False,
    yes: Yes = False,
    as_json: Json = False,
    account: AccountOptions,
) -> None:
    """Delete users from the LMS and from all groups. The people keep their regular Coggno accounts."""
    named = [UserReference(text, is_login) for text in users or ()]
    references = [*named, *(read_users(file, are_logins=is_login) if file is not None else ())]
    _check_count(references, max_count)
    require_confirmation_possible(yes=yes)
    settings = account.settings()
    # Read first, so that the question shows who will be deleted; then deleted by id, which can mean nobody else.
    found = settings.run(lambda coggno: _find(coggno, references, skip_missing=skip_missing))
    if found and confirm(_question(found), yes=yes):
        _delete(settings, found, as_json=as_json)


def _check_count(references: Sequence[UserReference], max_count: int) -> None:
    if not references:
        raise CommandError("No user was given. Give logins or ids, or a file with them: --file leavers.csv")
    count = len({login_key(reference.text) for reference in references})
    if count > max_count:
        message = f"{count:,} users were given, and at most {max_count:,} may be deleted at once. Nothing was changed."
        raise CommandError(f"{message} If you mean it, add --max-count {count}.")


async def _find(coggno: AsyncCoggno, references: Sequence[UserReference], *, skip_missing: bool) -> list[User]:
    if len(references) == 1 and not skip_missing:
        return [await references[0].find(coggno)]
    found = await _find_in_list(coggno, references)
    # By key: somebody who was given twice is missing once.
    missing = list({each.key: each for each in references if each.key not in found}.values())
    if missing:
        _report_missing(missing, skip_missing=skip_missing)
    # By id: a login and the id of one person are one user, in the order in which they were given.
    users = (found[reference.key] for reference in references if reference.key in found)
    return list({user.id: user for user in users}.values())


async def _find_in_list(coggno: AsyncCoggno, references: Sequence[UserReference]) -> dict[tuple[str, str], User]:
    """Return the users that are wanted, found in one pass over the list instead of a request for each."""
    wanted = {reference.key for reference in references}
    found: dict[tuple[str, str], User] = {}
    async with aclosing(coggno.users.iter()) as users:
        async for user in users:
            for key in (("id", str(user.id)), ("login", login_key(user.login))):
                if key in wanted:
                    found[key] = user
    return found


def _report_missing(missing: Sequence[UserReference], *, skip_missing: bool) -> None:
    lines = [f"  No user has {reference}." for reference in missing[:_SHOWN]]
    if len(missing) > _SHOWN:
        lines.append(f"  and {len(missing) - _SHOWN:,} more")
    who = "1 user was" if len(missing) == 1 else f"{len(missing):,} users were"
    if not skip_missing:
        ending = "Nothing was changed. Correct them, or add --skip-missing to delete the others."
        raise CommandError("\n".join([f"{who} not found:", *lines, ending]), ExitCode.FAILED)
    output.write_message("\n".join([f"{who} not found, and left out:", *lines]))


def _question(users: Sequence[User]) -> str:
    if len(users) == 1:
        return f"Delete the {name_of(users[0])}?"
    lines = [f"  {name_of(user)}" for user in users[:_SHOWN]]
    if len(users) > _SHOWN:
        lines.append(f"  and {len(users) - _SHOWN:,} more")
    return "\n".join([*lines, f"Delete these {len(users):,} users?"])


def _delete(settings: ClientSettings, users: Sequence[User], *, as_json: bool) -> None:
    done = 0

    async def work(coggno: AsyncCoggno) -> None:
        nonlocal done
        # One after the other, and no further than the first failure: what is deleted cannot be brought back.
        for user in users:
            try:
                await coggno.users.delete(user.id)
            except NotFoundError:
                output.write_message(f"The {name_of(user)} was deleted by somebody else in the meantime.")
            else:
                _report(user, as_json=as_json)
            done += 1

    try:
        settings.run(work)
    except BaseException:
        if len(users) > 1:
            rest = "The same command with --skip-missing deletes the others."
            output.write_message(f"{done:,} of {len(users):,} users are deleted. {rest}")
        raise


def _report(user: User, *, as_json: bool) -> None:
    if as_json:
        output.write_json(output.as_data(user))
    else:
        output.write(f"Deleted the {name_of(user)}.")
    # Whoever follows a long run, or interrupts it, knows how far it is.
    output.flush()
