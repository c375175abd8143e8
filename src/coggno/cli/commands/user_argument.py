"""USER on the command line: all digits are an id, anything else is a login; `--login` says that digits are one too."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from attrs import frozen

from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.errors import NotFoundError

if TYPE_CHECKING:
    from coggno import AsyncCoggno
    from coggno.models import User


@frozen
class UserReference:
    """A user as a person names one."""

    text: str
    is_login: bool = False

    def __attrs_post_init__(self) -> None:
        if self.is_number() and self.text.startswith("0") and not self.is_login:
            raise CommandError(f"{self.text} is no id: ids do not begin with 0. If it is a login, add --login")

    def is_number(self) -> bool:
        """Return whether the text is all digits."""
        return self.text.isascii() and self.text.isdigit()

    async def id(self, coggno: AsyncCoggno) -> int:
        """Return the user's id, reading the user where a login was given; raises as `user`."""
        if self.is_number() and not self.is_login:
            return int(self.text)
        return (await self.user(coggno)).id

    async def user(self, coggno: AsyncCoggno) -> User:
        """Return the user.

        In a path the API cannot tell a login of digits from an id, so such a login is looked up in the list; and an
        answer about somebody else is not taken for the user who was asked for.

        Raises:
            CommandError: no such user, or the answer is about somebody else.
        """
        if self.is_number() and self.is_login:
            return await self._in_list(coggno)
        try:
            user = await coggno.users.get(int(self.text) if self.is_number() else self.text)
        except NotFoundError as error:
            raise CommandError(f"no user {self.text}: {error}", ExitCode.FAILED) from None
        if not self._is_meant(user):
            message = f"asked for {self.text}, the server answers with user {user.id}, whose login is {user.login}"
            raise CommandError(message, ExitCode.FAILED)
        return user

    def _is_meant(self, user: User) -> bool:
        if self.is_number():
            return user.id == int(self.text)
        return user.login.strip().casefold() == self.text.strip().casefold()

    async def _in_list(self, coggno: AsyncCoggno) -> User:
        async with aclosing(coggno.users.iter()) as users:
            async for user in users:
                if user.login == self.text:
                    return user
        raise CommandError(f"no user has the login {self.text}", ExitCode.FAILED)
