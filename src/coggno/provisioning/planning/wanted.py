"""Which users of a list a roster asks for: a few bytes for each row, however many users the list has. Pure."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, Protocol

from attrs import frozen

from coggno._protocol.identity import login_key, name_key
from coggno.models import User
from coggno.provisioning.roster import Person

_FIELDS: Final = 4  # digests of a person: key, login as it is written, first name, last name
_ABSENT: Final = 0  # in place of a user's id


@frozen
class FoundUser:
    """An existing user whom a row asks for.

    Attributes:
        id: of the user.
        other: the user, if the names are not those of the row.
    """

    id: int
    other: User | None = None


class UserIndex(Protocol):
    """Knows which users exist."""

    def find(self, person: Person) -> FoundUser | None:
        """Return the existing user of a person, if there is one."""
        ...


class WantedUsers:
    """The users whom a roster asks for, and which of them exist.

    A million rows take 40 MB: instead of texts, 8 bytes of their BLAKE2b digest are kept. Two of a million logins have
    the same 8 bytes once in thirty million rosters.

    Args:
        people: whom the roster asks for; no two have the same login.
    """

    def __init__(self, people: Iterable[Person]) -> None:
        records = array("Q", b"".join(sorted(map(_record, people))))
        if sys.byteorder == "little":
            # Records are compared as bytes when they are sorted, so the numbers have their high bytes first.
            records.byteswap()
        self._keys, self._logins, self._first_names, self._last_names = (records[n::_FIELDS] for n in range(_FIELDS))
        self._ids = array("q", bytes(8 * len(self._keys)))
        self._others: dict[int, User] = {}

    def __len__(self) -> int:
        """Return how many users are wanted."""
        return len(self._keys)

    def note(self, user: User) -> None:
        """Note that a user exists, if it is wanted."""
        at = self._index(login_key(user.login))
        # Where several differ in case only, the one that is written as in the roster is meant.
        if at is None or (self._ids[at] != _ABSENT and digest_of(user.login) != self._logins[at]):
            return
        self._ids[at] = user.id
        self._others.pop(at, None)
        # `str`: a tolerant client passes on whatever the server sends; what it does not send contradicts nothing.
        pairs = ((self._first_names[at], user.first_name), (self._last_names[at], user.last_name))
        names: list[tuple[int, str | None]] = list(pairs)
        if any(theirs is not None and ours != digest_of(name_key(str(theirs))) for ours, theirs in names):
            self._others[at] = user

    def find(self, person: Person) -> FoundUser | None:
        """Return the existing user of a person, if there is one."""
        at = self._index(person.key)
        if at is None or self._ids[at] == _ABSENT:
            return None
        return FoundUser(self._ids[at], self._others.get(at))

    def _index(self, key: str) -> int | None:
        digest = digest_of(key)
        at = bisect_left(self._keys, digest)
        return at if at < len(self._keys) and self._keys[at] == digest else None


def _record(person: Person) -> bytes:
    texts = (person.key, person.effective_login, name_key(person.first_name), name_key(person.last_name))
    return b"".join(digest_bytes(text) for text in texts)


def digest_of(text: str) -> int:
    """Return 8 bytes of a text's digest, as a number."""
    return int.from_bytes(digest_bytes(text))


def digest_bytes(text: str) -> bytes:
    """Return 8 bytes of a text's digest."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


class Digests:
    """A set of texts of which 8 bytes each are kept; two of a million have the same once in thirty million sets."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sorted = array("Q", sorted(map(digest_of, texts)))

    def __contains__(self, text: object) -> bool:
        digest = digest_of(str(text))
        at = bisect_left(self._sorted, digest)
        return at < len(self._sorted) and self._sorted[at] == digest
