"""A 404 in the words of the command: which user or group does not exist."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from coggno import AsyncCoggno
from coggno.cli.error_messages import is_unspecific
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.errors import NotFoundError


@contextmanager
def not_found(message: str) -> Generator[None]:
    """Report a 404 inside the context with `message`.

    Args:
        message: such as "No user has the login 'nobody'."

    Raises:
        CommandError: there was a 404 of the API.
        NotFoundError: there was a 404 that is a web page: a wrong address, which says nothing about the user.
    """
    try:
        yield
    except NotFoundError as error:
        if is_unspecific(error):
            raise
        raise CommandError(message, ExitCode.FAILED) from None


def no_group(group: int) -> str:
    """Return the message for a group that does not exist."""
    return f"No group has the id {group}. See: coggno groups list"


async def require_group(coggno: AsyncCoggno, group: int) -> None:
    """Raise `CommandError` if there is no such group.

    Called after a 404 about a member, which may be about the group or the user; one more read tells which.
    """
    with not_found(no_group(group)):
        await coggno.groups.get(group)
