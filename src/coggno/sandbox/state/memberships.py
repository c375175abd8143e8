"""Which user is in which group."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .records import SandboxUser

_NOBODY: Final[Mapping[int, SandboxUser]] = MappingProxyType({})


class MembershipStore:
    """Members of groups, in the order in which they joined."""

    def __init__(self) -> None:
        self._members: dict[int, dict[int, SandboxUser]] = {}
        # The other direction, so that deleting a user does not visit every group.
        self._groups_of: dict[int, set[int]] = {}

    def open_group(self, group_id: int) -> None:
        """Start a new group without members."""
        self._members[group_id] = {}

    def close_group(self, group_id: int) -> None:
        """Remove a group; its members stay in the LMS."""
        # pop: afterwards the group has no entry, which is how a deleted group differs from an empty one.
        for user_id in self._members.pop(group_id):
            self._groups_of[user_id].discard(group_id)

    def of(self, group_id: int) -> Mapping[int, SandboxUser]:
        """Return the members of a group by id; nobody if there is no such group."""
        return self._members.get(group_id, _NOBODY)

    def join(self, group_id: int, user: SandboxUser) -> bool:
        """Put a user into a group; return whether that changed anything."""
        if user.id in self._members[group_id]:
            return False
        self._members[group_id][user.id] = user
        self._groups_of.setdefault(user.id, set()).add(group_id)
        return True

    def leave(self, group_id: int, user: SandboxUser) -> None:
        """Take a member out of a group."""
        del self._members[group_id][user.id]
        self._groups_of[user.id].discard(group_id)

    def leave_all(self, user: SandboxUser) -> None:
        """Take a user out of every group."""
        for group_id in self._groups_of.pop(user.id, ()):
            del self._members[group_id][user.id]

    def copy(self) -> MembershipStore:
        """Return a copy that does not change with this one."""
        copied = MembershipStore()
        copied._members = {group: dict(users) for group, users in self._members.items()}
        copied._groups_of = {user: set(groups) for user, groups in self._groups_of.items()}
        return copied
