"""Who a report is about, and in which groups they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing

from attrs import frozen

from coggno._client import Client
from coggno._protocol.identity import alphabetical
from coggno.models import Group, User
from coggno.reports.windowed import windowed


@frozen
class ReportPeople:
    """The users of a report.

    Attributes:
        users: by last name.
        groups: id of a user -> names of the groups that the user is in.
        names: of all groups of the report.
    """

    users: Sequence[User]
    groups: Mapping[int, tuple[str, ...]]
    names: Sequence[str]

    def groups_of(self, user: User) -> tuple[str, ...]:
        """Return the names of a user's groups."""
        return self.groups.get(user.id, ())


async def read_people(client: Client, group_ids: Iterable[int] | None, concurrency: int) -> ReportPeople:
    """Read the users of a report and their groups.

    Args:
        client: the client to read with.
        group_ids: the groups whose members the report is about; all users if not given.
        concurrency: how many groups are read at once.
    """
    groups = await client.groups.list() if group_ids is None else [await client.groups.get(each) for each in group_ids]
    users: dict[int, User] = {}
    if group_ids is None:
        async with aclosing(client.users.iter()) as everybody:
            users = {user.id: user async for user in everybody}
    names = _distinct_names(groups)
    groups_of: dict[int, tuple[str, ...]] = {}

    async def members_of(group: Group) -> tuple[Group, list[User]]:
        return group, await client.groups.users.list(group.id)

    async with aclosing(windowed(members_of, groups, concurrency)) as read:
        async for group, members in read:
            for user in members:
                if group_ids is not None:
                    users.setdefault(user.id, user)
                groups_of[user.id] = (*groups_of.get(user.id, ()), names[group.id])
    return ReportPeople(sorted(users.values(), key=_by_name), groups_of, list(names.values()))


def _distinct_names(groups: Sequence[Group]) -> dict[int, str]:
    """Return the names of groups by id; the id is added to names that several groups have."""
    count: dict[str, int] = {}
    for group in groups:
        count[group.name] = count.get(group.name, 0) + 1
    return {group.id: group.name if count[group.name] == 1 else f"{group.name} ({group.id})" for group in groups}


def _by_name(user: User) -> tuple[tuple[str, str], tuple[str, str], int]:
    # Read tolerantly, a name may be missing.
    return (alphabetical(str(user.last_name or "")), alphabetical(str(user.first_name or "")), user.id)
