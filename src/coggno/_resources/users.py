"""Users (reference: Users)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from attrs import frozen

from coggno._generated import operations
from coggno._protocol import identity
from coggno._protocol.operation import Request
from coggno._resources.ensured import Ensured
from coggno._session import OnItemError, Session
from coggno.errors import (
    APIError,
    NotFoundError,
    PartialWriteError,
    UnprocessableEntityError,
)
from coggno.models import User, UserLicenses


@frozen
class Users:
    """Users (reference: Users). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[User]:
        """Return all users."""
        return await operations.list_users(self._session)

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncGenerator[User]:
        """Yield all users as they arrive, in constant memory.

        Args:
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        return self._session.iterate(Request(operation=operations.LIST_USERS), on_error)

    async def get(self, user: int | str) -> User:
        """Return a user.

        Args:
            user: the user's id or login. The server may take a login that begins with a number for an id: compare
                `login` in the response.

        Raises:
            NotFoundError: no such user.
        """
        return await operations.get_user(self._session, user)

    async def create(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        login: str | None = None,
        group_id: int | None = None,
    ) -> User:
        """Create a user, and optionally add the user to a group.

        Args:
            email: a valid e-mail address.
            first_name: given name.
            last_name: family name.
            password: 6 to 40 characters.
            login: login name; the e-mail address if not given.
            group_id: a group to add the user to.

        Returns:
            The user. When the response was lost, this is the user with that login and these names, who may have been
            there before: `coggno.call` tells with `settled`, and `ensure` reads the user first.

        Raises:
            UnprocessableEntityError: such a user is registered already.
            PartialWriteError: the user was created, and is not in the group.
        """
        return await operations.create_user(
            self._session,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            login=login,
            group_id=group_id,
        )

    async def ensure(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        login: str | None = None,
        group_id: int | None = None,
    ) -> Ensured[User]:
        """Return the user with that login, creating the user if there is none; then add a missing membership.

        An existing user is not changed: the API cannot update one, and the password stays.

        Args:
            email: a valid e-mail address.
            first_name: given name, for a new user.
            last_name: family name, for a new user.
            password: 6 to 40 characters, for a new user.
            login: login name; the e-mail address if not given.
            group_id: a group that the user has to be in.

        Raises:
            UnprocessableEntityError: registered with Coggno, but not in this company.
            PartialWriteError: the user was created, and could not be added to the group.
        """
        fields = {"email": email, "first_name": first_name, "last_name": last_name, "password": password}
        request = Request(operation=operations.CREATE_USER, form={**fields, "login": login, "group_id": group_id})
        self._session.prepare(request)  # wrong arguments are refused before anything is sent
        found = await self._find(key := login if login is not None else email)
        if found is not None:
            await self._join(found, group_id)
            return Ensured(found, created=False)
        try:
            response = await self._session.respond(request)
        except PartialWriteError as partial:
            try:
                await self._join(partial.value, group_id)
            except APIError as error:
                raise partial from error  # whatever became of the membership, the user was created
            return Ensured(partial.value, created=True, settled=True)
        except UnprocessableEntityError:
            found = await self._find(key)  # somebody else may have created the user in between
            if found is None:
                raise
            await self._join(found, group_id)
            return Ensured(found, created=False)
        return Ensured(response.value, created=True, settled=response.settled)

    async def _find(self, login: str) -> User | None:
        try:
            user = await self.get(login)
        except NotFoundError:
            return None
        # The server may take a login of digits for an id: then this is somebody else.
        return user if identity.same_login(user.login, login) else None

    async def _join(self, user: User, group_id: int | None) -> None:
        if group_id is None:
            return
        try:
            member = await operations.get_group_user(self._session, group_id, user.id)
        except NotFoundError:
            member = None
        if member is None or member.id != user.id:  # somebody's login may be this id
            await operations.add_group_user(self._session, group_id, id=user.id)

    async def delete(self, user: int | str) -> User | None:
        """Delete a user from the LMS and all groups; Coggno keeps the person as a regular user.

        Args:
            user: the user's id or login.

        Returns:
            The user, or `None` when the response was lost and a check shows that the user is gone.

        Raises:
            NotFoundError: no such user.
        """
        return await operations.delete_user(self._session, user)

    async def licenses(self, user: int | str) -> UserLicenses:
        """Return a user's licenses, with the document of each.

        Args:
            user: the user's id or login.

        Raises:
            NotFoundError: no such user.
        """
        return await operations.get_user_licenses(self._session, user)
