"""All users and groups of a company, for rows that become known only during the run. Reads, never writes."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from attrs import define, field

from coggno._protocol.identity import login_key, name_key, named
from coggno.models import Group, User
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.planning.existing import Existing, Members, UnreadableRecords, read_members
from coggno.provisioning.planning.wanted import FoundUser, digest_bytes, digest_of
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Person

_FIELDS: Final = 5  # of a user: digests of key, login, first and last name, and the id
_NOT_GIVEN: Final = bytes(8)  # in place of a name that the server did not send, which contradicts nothing


class AccountUsers:
    """All users of a company: 40 bytes for each.

    Args:
        users: each once.
    """

    def __init__(self, users: Iterable[bytes]) -> None:
        records = array("Q", b"".join(sorted(users)))
        if sys.byteorder == "little":
            # Records are compared as bytes when they are sorted, so the numbers have their high bytes first.
            records.byteswap()
        self._keys, self._logins, self._first_names, self._last_names, self._ids = (
            records[n::_FIELDS] for n in range(_FIELDS)
        )

    @staticmethod
    def record(user: User) -> bytes:
        """Return what is kept of a user."""
        names: list[str | None] = [user.first_name, user.last_name]
        # `str`: a tolerant client passes on whatever the server sends.
        digests = [_NOT_GIVEN if name is None else digest_bytes(name_key(str(name))) for name in names]
        return b"".join((digest_bytes(login_key(user.login)), digest_bytes(user.login), *digests, user.id.to_bytes(8)))

    def find(self, person: Person) -> FoundUser | None:
        """Return the existing user of a person, if there is one."""
        at = self._index(person)
        if at is None:
            return None
        pairs = ((self._first_names[at], person.first_name), (self._last_names[at], person.last_name))
        if all(theirs in {0, digest_of(name_key(ours))} for theirs, ours in pairs):
            return FoundUser(self._ids[at])
        # The names themselves are not kept.
        login, number = person.effective_login, self._ids[at]
        return FoundUser(number, User(id=number, login=login, first_name="somebody", last_name="with another name"))

    def _index(self, person: Person) -> int | None:
        key = digest_of(person.key)
        first = at = bisect_left(self._keys, key)
        exact = digest_of(person.effective_login)
        # Where several differ in case only, the one that is written as in the row is meant.
        while at < len(self._keys) and self._keys[at] == key:
            if self._logins[at] == exact:
                return at
            at += 1
        return first if at > first else None


@define
class KnownAccount:
    """What is known of a company.

    Attributes:
        client: acts for the company.
        users: all of them, when the account was read.
        unreadable: takes note of records that are left out.
        groups: all of them, and those that were created since.
        members: name of a group -> who was in it before.
    """

    client: ProvisioningClient
    users: AccountUsers
    groups: list[Group]
    unreadable: UnreadableRecords
    members: dict[str, Members] = field(factory=dict[str, Members])

    @classmethod
    async def read(cls, sender: Sender, client: ProvisioningClient, unreadable: UnreadableRecords) -> KnownAccount:
        """Read the users and groups of a company.

        Args:
            sender: sends the requests.
            client: acts for the company.
            unreadable: takes note of records that are left out.

        Raises:
            StoppedError: the API did not respond for as long as the patience allows.
            APIError: a list could not be read, and waiting cannot help.
        """

        async def users() -> list[bytes]:
            return [AccountUsers.record(user) async for user in client.users.iter(on_error=unreadable.note)]

        async def groups() -> list[Group]:
            return [group async for group in client.groups.iter(on_error=unreadable.note)]

        return cls(client, AccountUsers(await sender.read(users)), await sender.read(groups), unreadable)

    async def existing(self, sender: Sender, people: Iterable[Person], *, at_once: int) -> Existing:
        """Return what exists of what some rows ask for; members of their groups are read if they are not known yet.

        Args:
            sender: sends the requests.
            people: whom the rows ask for.
            at_once: how many lists may be read at the same time.
        """
        known = [*people]
        names = dict.fromkeys(name for person in known for name in person.groups)
        found = {name: named(self.groups, name, lambda group: group.name) for name in names}
        groups = {name: groups[0] for name, groups in found.items() if len(groups) == 1}
        ambiguous = frozenset(name for name, groups in found.items() if len(groups) > 1)
        existing = Existing(self.users, groups, ambiguous, self.members)
        needed = dict.fromkeys(name for person in known if self.users.find(person) for name in person.groups)
        unread = [name for name in needed if name not in self.members]
        await read_members(sender, self.client, existing, unread, at_once=at_once, unreadable=self.unreadable)
        return existing
