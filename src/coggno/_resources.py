"""The verbs: companies, groups, group members, users and documents, over the generated operations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

from attrs import frozen

from coggno._generated import operations
from coggno._protocol import identity
from coggno._protocol.operation import Request
from coggno._session import OnItemError, Session
from coggno.errors import (
    AmbiguousNameError,
    NotFoundError,
    OutcomeUnknownError,
    PartialWriteError,
    UnprocessableEntityError,
)
from coggno.models import Company, Document, DocumentLicenses, Group, User, UserLicenses

T = TypeVar("T")


class Ensured(tuple[T, bool], Generic[T]):  # noqa: SLOT001 - a tuple cannot have slots
    """What `ensure` returns: `user, created = await coggno.users.ensure(...)`.

    Attributes:
        value: what is there now.
        created: whether this call created it.
        settled: whether a response was lost on the way, and a check showed that the write had been carried out.
    """

    settled: bool

    def __new__(cls, value: T, *, created: bool, settled: bool = False) -> Ensured[T]:
        """Return the pair of `value` and `created`, with `settled` beside it."""
        self = super().__new__(cls, (value, created))
        self.settled = settled
        return self

    @property
    def value(self) -> T:
        """What is there now."""
        return self[0]

    @property
    def created(self) -> bool:
        """Whether this call created it."""
        return self[1]


@frozen
class Companies:
    """Connected companies (reference: Companies). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[Company]:
        """Return all connected companies."""
        return await operations.list_companies(self._session)

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncGenerator[Company]:
        """Yield all connected companies as they arrive.

        Args:
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        return self._session.iterate(Request(operation=operations.LIST_COMPANIES), on_error)

    async def create(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        name: str | None = None,
        login: str | None = None,
    ) -> Company:
        """Create a company, and a user who owns it.

        Args:
            email: a valid e-mail address.
            first_name: of the owner.
            last_name: of the owner.
            password: 6 to 40 characters.
            name: of the company.
            login: login name of the owner; the e-mail address if not given.
        """
        return await operations.create_company(
            self._session,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            name=name,
            login=login,
        )


@frozen
class GroupUsers:
    """Members of groups (reference: Users). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self, group_id: int) -> list[User]:
        """Return all members of a group."""
        return await operations.list_group_users(self._session, group_id)

    def iter(self, group_id: int, *, on_error: OnItemError | None = None) -> AsyncGenerator[User]:
        """Yield all members of a group as they arrive.

        Args:
            group_id: the group's id.
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        request = Request(operation=operations.LIST_GROUP_USERS, path={"group_id": group_id})
        return self._session.iterate(request, on_error)

    async def get(self, group_id: int, user: int | str) -> User:
        """Return a member of a group.

        Args:
            group_id: the group's id.
            user: the user's id or login.

        Raises:
            NotFoundError: no such group, or the user is not a member.
        """
        return await operations.get_group_user(self._session, group_id, user)

    async def add(self, group_id: int, user_id: int) -> User:
        """Add a user to a group.

        Args:
            group_id: the group's id.
            user_id: the user's id; a login is not accepted here.

        Raises:
            NotFoundError: no such group, or no such user in this or any connected company.
        """
        return await operations.add_group_user(self._session, group_id, id=user_id)

    async def remove(self, group_id: int, user: int | str) -> User | None:
        """Remove a user from a group; the user remains in the LMS.

        Args:
            group_id: the group's id.
            user: the user's id or login.

        Returns:
            The user, or `None` when the response was lost and a check shows that the user is no member any more.

        Raises:
            NotFoundError: no such group, or the user was not a member.
        """
        return await operations.remove_group_user(self._session, group_id, user)


class Groups:
    """Groups (reference: Groups). All methods raise as `AsyncCoggno.send`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.users = GroupUsers(session)

    async def list(self) -> list[Group]:
        """Return all groups."""
        return await operations.list_groups(self._session)

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncGenerator[Group]:
        """Yield all groups as they arrive.

        Args:
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        return self._session.iterate(Request(operation=operations.LIST_GROUPS), on_error)

    async def get(self, group_id: int) -> Group:
        """Return a group.

        Raises:
            NotFoundError: no such group.
        """
        return await operations.get_group(self._session, group_id)

    async def create(self, *, name: str, description: str | None = None) -> Group:
        """Create a group. Names are not unique: see `ensure` for a group that must exist once.

        Raises:
            OutcomeUnknownError: the response was lost. A group has no unique key, so nothing is repeated;
                `candidates` are the groups of that name.
        """
        return await operations.create_group(self._session, name=name, description=description)

    async def ensure(self, *, name: str, description: str | None = None) -> Ensured[Group]:
        """Return the group of that name, creating it if there is none.

        Letter case and spacing make no difference, unless a group has exactly that name. Calls for one name wait for
        each other, those of copies of the client (and of `provision`) included, so that one group is created.

        Args:
            name: the name.
            description: for a new group; an existing one keeps its own.

        Raises:
            AmbiguousNameError: several groups have that name.
            OutcomeUnknownError: a response was lost, and the group was not found on the server.
        """
        session = self._session
        # The company is part of the key: two companies may each have a group of that name.
        async with session.locks.get(session.config.lms, "group", identity.group_key(name)):
            return await self._ensure(name, description)

    async def _ensure(self, name: str, description: str | None) -> Ensured[Group]:
        groups = await self.list()
        named = identity.named(groups, name, lambda group: group.name)
        if len(named) > 1:
            raise AmbiguousNameError(f"{len(named)} groups are named {name!r}", candidates=named)
        if named:
            return Ensured(named[0], created=False)
        known = {group.id for group in groups}
        try:
            return Ensured(await self.create(name=name, description=description), created=True)
        except OutcomeUnknownError as lost:
            # A group has no unique key, but the list from before tells which of that name is new.
            new = [group for group in lost.candidates if group.id not in known]
            if len(new) != 1:
                raise
            return Ensured(new[0], created=True, settled=True)

    async def delete(self, group_id: int, name: str | None = None) -> Group | None:
        """Delete a group.

        Args:
            group_id: the group's id.
            name: the group's name, sent along when it is given. The reference marks it as required, in a command
                without the id: give it if the server responds with 400 or 422.

        Returns:
            The group, or `None` when the response was lost and a check shows that the group is gone.

        Raises:
            NotFoundError: no such group.
        """
        return await operations.delete_group(self._session, group_id, name=name)

    async def delete_by_name(self, name: str) -> Group | None:
        """Delete the group of that name.

        Returns:
            The group, or `None` when the response was lost and a check shows that no group of that name is left.

        Raises:
            NotFoundError: no such group.
            OutcomeUnknownError: the response was lost and a group of that name is there. It is not deleted a second
                time, because it may be another one.
        """
        return await operations.delete_group_by_name(self._session, name=name)


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
            user: the user's id or login.

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

        Raises:
            UnprocessableEntityError: such a user is registered already.
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
        """
        key = login if login is not None else email
        found = await self._find(key)
        if found is not None:
            await self._join(found, group_id)
            return Ensured(found, created=False)
        fields = {"email": email, "first_name": first_name, "last_name": last_name, "password": password}
        request = Request(operation=operations.CREATE_USER, form={**fields, "login": login, "group_id": group_id})
        try:
            response = await self._session.respond(request)
        except PartialWriteError as partial:
            await self._join(partial.value, group_id)
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


@frozen
class Documents:
    """Training content (reference: Documents). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[Document]:
        """Return all documents."""
        return await operations.list_documents(self._session)

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncGenerator[Document]:
        """Yield all documents as they arrive.

        Args:
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        return self._session.iterate(Request(operation=operations.LIST_DOCUMENTS), on_error)

    async def licenses(self, document_id: int) -> DocumentLicenses:
        """Return a document's licenses, with the user of each.

        Raises:
            NotFoundError: no such document.
        """
        return await operations.get_document_licenses(self._session, document_id)
