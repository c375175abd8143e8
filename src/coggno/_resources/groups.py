"""Groups and their members (reference: Groups, Users)."""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from coggno._generated import operations
from coggno._protocol import identity
from coggno._protocol.json import is_object
from coggno._protocol.operation import Request
from coggno._resources.ensured import Ensured
from coggno._session import OnItemError, Session
from coggno.errors import AmbiguousNameError, DecodeError, OutcomeUnknownError
from coggno.models import Group, User


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


@frozen
class GroupReservation:
    """The right to create the group of one name."""

    _session: Session
    _key: tuple[str | None, ...]

    @property
    def recent(self) -> Group | None:
        """The group that was created a moment ago, which lists may not show yet."""
        group: Group | None = self._session.locks.recall(self._key, self._session.clock())
        return group

    def note(self, group: Group) -> None:
        """Note that the group was created now."""
        self._session.locks.remember(self._key, group, self._session.clock())


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
        self._session.prepare(
            Request(operation=operations.CREATE_GROUP, form={"name": name, "description": description})
        )
        async with self.reserve(name) as reservation:
            ensured = await self._ensure(name, description, reservation.recent)
            if ensured.created:
                reservation.note(ensured.value)
            return ensured

    @asynccontextmanager
    async def reserve(self, name: str) -> AsyncGenerator[GroupReservation]:
        """Hold the right to create the group of that name: `ensure`, on this client and its copies, waits meanwhile.

        For a caller that reads the groups itself before it creates several: only a list that was read while the name is
        held shows whether the group is there.

        Args:
            name: the name.
        """
        session = self._session
        # The company is part of the key: two companies may each have a group of that name.
        key = (session.config.lms, "group", identity.group_key(name))
        async with session.locks.get(*key):
            yield GroupReservation(session, key)

    async def _ensure(self, name: str, description: str | None, recent: Group | None) -> Ensured[Group]:
        groups = await self._groups_but_odd_ones(name)
        named = identity.named(groups, name, lambda group: group.name)
        if len(named) > 1:
            raise AmbiguousNameError(f"{len(named)} groups are named {name!r}", candidates=named)
        if named:
            return Ensured(named[0], created=False)
        if recent is not None:
            return Ensured(recent, created=False)
        known = {group.id for group in groups}
        try:
            return Ensured(await self.create(name=name, description=description), created=True)
        except OutcomeUnknownError as lost:
            # A group has no unique key, but the list from before tells which of that name is new.
            new = [group for group in lost.candidates if group.id not in known]
            if len(new) != 1:
                raise
            return Ensured(new[0], created=True, settled=True)

    async def _groups_but_odd_ones(self, name: str) -> builtins.list[Group]:
        """Return all groups, without records that have no usable id, unless one of them may be the group of that name.

        Raises:
            DecodeError: the record has that name.
        """
        try:
            return await self.list()
        except DecodeError as error:
            if not error.complete:
                raise
        odd: builtins.list[DecodeError] = []
        groups = [group async for group in self.iter(on_error=odd.append)]
        same = [error for error in odd if identity.named([error.body], name, _name_of)]
        if same:
            raise same[0]
        return groups

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
        self._session.locks.forget()
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
        self._session.locks.forget()
        return await operations.delete_group_by_name(self._session, name=name)


def _name_of(item: Any) -> str | None:
    name = item.get("name") if is_object(item) else None
    return name if isinstance(name, str) else None
