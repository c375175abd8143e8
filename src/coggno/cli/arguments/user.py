"""The argument USER: an id if it is all digits, a login otherwise; `--login` makes digits a login, too."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from attrs import frozen

from coggno._protocol.identity import is_like_an_id, login_key, same_login
from coggno.cli.arguments.not_found import not_found
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.terminal.output import clean

if TYPE_CHECKING:
    from coggno import AsyncCoggno
    from coggno.models import User


@frozen
class UserReference:
    """A user as named on the command line.

    Attributes:
        text: an id or a login.
        is_login: whether `--login` was given.

    Raises:
        CommandError: the text cannot be an id.
    """

    text: str
    is_login: bool = False

    def __attrs_post_init__(self) -> None:
        # `int` would drop the zeros, and `delete 007` would delete user 7.
        if self.is_number and self.text.strip().startswith("0") and not self.is_login:
            message = f"{self.text} is not the id of a user: ids do not begin with 0. If it is a login, add --login."
            raise CommandError(message)

    @property
    def is_number(self) -> bool:
        """Whether the text is all digits."""
        return is_like_an_id(self.text)

    @property
    def key(self) -> tuple[str, str]:
        """What a user must have to be the one that is meant: an id, or a login in the form for comparisons."""
        if self.is_number and not self.is_login:
            return ("id", self.text.strip())
        return ("login", login_key(self.text))

    def __str__(self) -> str:
        return f"the id {self.text}" if self.is_number and not self.is_login else f"the login '{self.text}'"

    async def find_id(self, coggno: AsyncCoggno) -> int:
        """Return the user's id; a login is looked up, which raises as `find` does."""
        if self.is_number and not self.is_login:
            return int(self.text)
        return (await self.find(coggno)).id

    async def find(self, coggno: AsyncCoggno) -> User:
        """Return the user.

        Raises:
            CommandError: there is no such user, or the server returned somebody else.
        """
        # In a path the API cannot tell a login of digits from an id, so such a login is searched for in the list.
        if self.is_number and self.is_login:
            return await self._find_in_list(coggno)
        with not_found(f"No user has {self}."):
            user = await coggno.users.get(int(self.text) if self.is_number else self.text)
        # A server that reads `5abc` as the id 5 would otherwise have user 5 deleted.
        if not self._matches(user):
            message = f"Asked for {self}, the server returned user {user.id}, who has the login '{user.login}'."
            raise CommandError(f"{message} Nothing was changed.", ExitCode.FAILED)
        return user

    def _matches(self, user: User) -> bool:
        if self.is_number:
            return user.id == int(self.text)
        return same_login(user.login, self.text)

    async def _find_in_list(self, coggno: AsyncCoggno) -> User:
        async with aclosing(coggno.users.iter()) as users:
            async for user in users:
                if same_login(user.login, self.text):
                    return user
        raise CommandError(f"No user has {self}.", ExitCode.FAILED)


def name_of(user: User) -> str:
    """Return a user's name for a sentence, e.g. `user ada (id 2, Ada Lovelace)`."""
    # The API may leave names out, and a tolerant client passes that on.
    known: list[str | None] = [user.first_name, user.last_name]
    name = " ".join(part for part in known if part)
    return clean(f"user {user.login} (id {user.id}{f', {name}' if name else ''})")
