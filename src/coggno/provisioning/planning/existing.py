"""What exists in a company of what a roster asks for: users, groups and members. Reads, never writes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import define, field, frozen

from coggno._protocol.identity import group_key, named
from coggno._protocol.json import is_object
from coggno.errors import DecodeError, NotFoundError
from coggno.models import Group
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.planning.wanted import UserIndex, WantedUsers
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Person
from coggno.provisioning.worker_pool import for_each

_REMEMBERED: Final = 1_000  # records that cannot be read
_LISTS: Final = 8  # lists of members that are read at once: each may be long, and is held as its ids


@define
class UnreadableRecords:
    """Records that cannot be read, such as those without an id. They must not stop a run of thousands.

    Attributes:
        messages: what is wrong with each, without what is in it.
    """

    messages: dict[str, None] = field(factory=dict[str, None])

    def note(self, error: DecodeError) -> None:
        """Note that a record is left out; one that is read again is the same."""
        if len(self.messages) < _REMEMBERED:
            self.messages[error.message] = None

    def warnings(self) -> Iterator[str]:
        """Yield what to tell the person who runs it."""
        if self.messages:
            first, more = next(iter(self.messages)), len(self.messages) - 1
            others = f", and {more} more" if more else ""
            yield f"A record in a list of Coggno cannot be read, and is left out: {first.rstrip('.')}{others}."


@frozen
class Members:
    """Ids of the members of a group, 8 bytes each."""

    _ids: array[int]

    @classmethod
    def of(cls, ids: Iterable[int]) -> Members:
        """Return the members with these ids."""
        return cls(array("q", sorted(ids)))

    def __contains__(self, user_id: object) -> bool:
        """Return whether a user is a member."""
        if not isinstance(user_id, int):
            return False
        at = bisect_left(self._ids, user_id)
        return at < len(self._ids) and self._ids[at] == user_id

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ids)


NOBODY: Final = Members.of(())


@define
class Existing:
    """What exists in one company of what a roster asks for.

    Attributes:
        users: those whom the roster asks for, and which of them exist.
        groups: name in the roster -> the group.
        ambiguous: names that several groups have.
        members: name of a group -> its members; only for groups that an existing user is to be in.
    """

    users: UserIndex
    groups: Mapping[str, Group] = field(factory=dict[str, Group])
    ambiguous: frozenset[str] = frozenset()
    members: dict[str, Members] = field(factory=dict[str, Members])

    def missing(self, person: Person, user_id: int) -> tuple[str, ...]:
        """Return the groups of a person that an existing user is not in yet."""
        return tuple(name for name in person.groups if user_id not in self.members.get(name, NOBODY))


async def read_existing(
    sender: Sender,
    client: ProvisioningClient,
    people: Iterable[Person],
    names: Iterable[str],
    *,
    unreadable: UnreadableRecords,
) -> Existing:
    """Read what exists: one list of users and one of groups. `read_members` adds the members.

    Args:
        sender: sends the requests.
        client: acts for the company.
        people: whom the roster asks for, each once.
        names: of the groups that it asks for.
        unreadable: takes note of records that are left out.

    Raises:
        StoppedError: the API did not respond for as long as the patience allows.
        APIError: a list could not be read, and waiting cannot help.
    """
    users = WantedUsers(people)

    async def note_users() -> None:
        # Again from the beginning after a failure: a user that is noted twice is the same.
        async for user in client.users.iter(on_error=unreadable.note):
            users.note(user)

    await sender.read(note_users)
    groups, ambiguous = await sender.read(lambda: _find_groups(client, names, unreadable))
    return Existing(users, groups, ambiguous)


async def read_members(
    sender: Sender,
    client: ProvisioningClient,
    existing: Existing,
    names: Iterable[str],
    *,
    at_once: int,
    unreadable: UnreadableRecords,
) -> None:
    """Read the members of groups.

    Args:
        sender: sends the requests.
        client: acts for the company.
        existing: what exists; gets the members.
        names: of the groups that an existing user is to be in.
        at_once: how many lists may be read at the same time.
        unreadable: takes note of records that are left out.

    Raises:
        StoppedError: the API did not respond for as long as the patience allows.
        APIError: a list could not be read, and waiting cannot help.
    """

    async def read(name: str) -> None:
        group = existing.groups[name].id

        async def ids() -> Members:
            users = client.groups.users.iter(group, on_error=unreadable.note)
            return Members.of([user.id async for user in users])

        try:
            existing.members[name] = await sender.read(ids, may_be_missing=True)
        except NotFoundError:
            existing.members[name] = NOBODY  # deleted since the groups were listed

    known = [name for name in dict.fromkeys(names) if name in existing.groups]
    await for_each(known, read, workers=min(at_once, _LISTS))


async def _find_groups(
    client: ProvisioningClient, names: Iterable[str], unreadable: UnreadableRecords
) -> tuple[dict[str, Group], frozenset[str]]:
    """Return the group of each name, and the names that several groups have."""
    wanted = {name: group_key(name) for name in names}
    keys = set(wanted.values())
    alike: defaultdict[str, list[Group]] = defaultdict(list)
    odd: set[str] = set()

    def leave_out(error: DecodeError) -> None:
        unreadable.note(error)
        name: object = error.body.get("name") if is_object(error.body) else None
        odd.add(group_key(str(name)))

    async for group in client.groups.iter(on_error=leave_out):
        # `str`: a tolerant client passes on a group without a name, which is none that a roster can ask for.
        key = group_key(str(group.name))
        # Only these are kept: an account may have many more groups.
        if key in keys and isinstance(group.name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            alike[key].append(group)
    found: dict[str, Group] = {}
    ambiguous: set[str] = set()
    for name, key in wanted.items():
        candidates = named(alike[key], name, lambda group: group.name)
        if len(candidates) == 1 and key not in odd:
            found[name] = candidates[0]
        elif candidates or key in odd:
            # A group that cannot be read has that name: another one must not be created beside it.
            ambiguous.add(name)
    return found, frozenset(ambiguous)
