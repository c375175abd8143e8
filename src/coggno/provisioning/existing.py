"""What exists on the server of what a roster asks for: users, groups and members. Reads, never writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from attrs import frozen

from coggno._protocol.identity import group_key, login_key, named
from coggno.models import Group, User
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.options import RunOptions
from coggno.provisioning.pacing import RateLimiter
from coggno.provisioning.roster import Row
from coggno.provisioning.worker_pool import for_each

_LISTS: Final = 8  # lists of members that are read at once: each may be long, and is held as a set of ids


@frozen
class Existing:
    """What exists of what a roster asks for.

    Attributes:
        users: key of the login -> the user.
        groups: name in the roster -> the group.
        ambiguous: names that several groups have.
        members: name of a group -> ids of its members; only for groups that an existing user is to be in.
    """

    users: Mapping[str, User]
    groups: Mapping[str, Group]
    ambiguous: frozenset[str]
    members: Mapping[str, set[int]]


async def read_existing(client: ProvisioningClient, wanted: Mapping[str, Row], options: RunOptions) -> Existing:
    """Read what exists.

    One list of users, one of groups, and the members of every group that a user who exists is to be in.

    Args:
        client: reads the lists.
        wanted: key of the login -> the row.
        options: how many lists may be read at once, and how many requests per second.

    Raises:
        APIError: a list could not be read.
    """
    limiter = RateLimiter(options.rate)
    await limiter.acquire()
    users = await _find_users(client.users.iter(), wanted)
    await limiter.acquire()
    groups, ambiguous = await _find_groups(client.groups.iter(), group_names(wanted.values()))
    needed = {name: groups[name] for name in group_names(wanted[key] for key in users) if name in groups}
    members: dict[str, set[int]] = {}

    async def read_members(name: str) -> None:
        await limiter.acquire()
        members[name] = {user.id async for user in client.groups.users.iter(needed[name].id)}

    await for_each(needed, read_members, workers=min(options.concurrency, _LISTS))
    return Existing(users, groups, ambiguous, members)


def group_names(rows: Iterable[Row]) -> dict[str, None]:
    """Return the names of the groups of rows, each once, in the order of the rows."""
    return dict.fromkeys(name for row in rows if row.person for name in row.person.groups)


async def _find_users(users: AsyncIterator[User], wanted: Mapping[str, Row]) -> dict[str, User]:
    """Return the users that are wanted, by key; where several differ in case only, the one spelt as in the roster."""
    found: dict[str, User] = {}
    async for user in users:
        key = login_key(user.login)
        row = wanted.get(key)
        if row is not None and (key not in found or (row.person and user.login == row.person.effective_login)):
            found[key] = user
    return found


async def _find_groups(groups: AsyncIterator[Group], names: Iterable[str]) -> tuple[dict[str, Group], frozenset[str]]:
    """Return the group of each name, and the names that several groups have."""
    wanted = {name: group_key(name) for name in names}
    keys = set(wanted.values())
    alike: defaultdict[str, list[Group]] = defaultdict(list)
    async for group in groups:
        # `str`: a tolerant client passes on a group without a name, which is none that a roster can ask for.
        key = group_key(str(group.name))
        # Only these are kept: an account may have many more groups.
        if key in keys and isinstance(group.name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            alike[key].append(group)
    found: dict[str, Group] = {}
    ambiguous: set[str] = set()
    for name, key in wanted.items():
        candidates = named(alike[key], name, lambda group: group.name)
        if len(candidates) == 1:
            found[name] = candidates[0]
        elif candidates:
            ambiguous.add(name)
    return found, frozenset(ambiguous)
