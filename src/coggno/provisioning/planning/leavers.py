"""Who is in a company, or in a group, and not in the roster. Reads, never writes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from attrs import define, field, frozen

from coggno._protocol.identity import group_key, login_key
from coggno.models import Group, User
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.options import Removals
from coggno.provisioning.outcomes import RowOutcome
from coggno.provisioning.planning.wanted import digest_of
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Roster


@frozen
class Leaver:
    """A user to delete, or a member to remove from a group.

    Attributes:
        user_id: id of the user.
        login: of the user.
        company: id of the connected company; `None` for that of the key.
        group_id: the group to leave; `None` where the user is to be deleted.
        group: name of that group.
    """

    user_id: int
    login: str
    company: int | None = None
    group_id: int | None = None
    group: str = ""

    @property
    def id(self) -> tuple[int | None, int, int | None]:
        """What makes two leavers the same."""
        return self.company, self.user_id, self.group_id


@define
class Leavers:
    """Who is not in the roster.

    Attributes:
        removals: what was asked for.
        found: who is to be removed; no more than one above the limit are kept.
        count: how many that are.
        present: how many users, or memberships, there are in all, those that stay included.
    """

    removals: Removals
    found: list[Leaver] = field(factory=list[Leaver])
    count: int = 0
    present: int = 0

    def note(self, leaver: Leaver) -> None:
        """Count a user who is not in the roster."""
        self.count += 1
        # Beyond the limit nobody is removed, so nobody needs to know who they are.
        if len(self.found) <= self.removals.max_count:
            self.found.append(leaver)

    def add(self, other: Leavers) -> None:
        """Count those of another list, too."""
        self.count += other.count
        self.present += other.present
        self.found.extend(other.found[: max(0, self.removals.max_count + 1 - len(self.found))])

    def objection(self) -> str | None:
        """Return why nobody may be removed, or `None`."""
        limits, what = self.removals, "deleted" if self.removals.scope == "users" else "removed from groups"
        if self.count > limits.max_count:
            return f"{self.count} would be {what}, and at most {limits.max_count} may be (max_count)"
        if self.count > limits.max_share * self.present:
            share = f"{limits.max_share:.1%}".replace(".0%", "%")
            return f"{self.count} of {self.present} would be {what}, and at most {share} may be (max_share)"
        return None


def roster_objection(roster: Roster) -> str | None:
    """Return why a roster cannot say who has left, or `None`."""
    if not roster.accepted_count:
        return "the roster has no row that can be carried out"
    rejected = roster.rejected.get(RowOutcome.INVALID, 0) + roster.rejected.get(RowOutcome.REFUSED, 0)
    if rejected:
        # A person whose login is misspelt would be removed as somebody who is not in the roster.
        rows = "1 row" if rejected == 1 else f"{rejected} rows"
        return f"the check has refused {rows}, which may be of people who are to stay"
    return None


@frozen
class LeaverSearch:
    """Reads who is there and not in a roster.

    Attributes:
        sender: sends the requests.
        client_of: returns a client that acts for a company.
        roster: who stays.
        companies: company as the roster names it -> its id.
        removals: what is asked for.
    """

    sender: Sender
    client_of: Callable[[int | None], ProvisioningClient]
    roster: Roster
    companies: Mapping[str, int]
    removals: Removals

    async def run(self, groups: Mapping[tuple[int | None, str], Group]) -> Leavers:
        """Read the lists of users, or of the members of the roster's groups.

        Args:
            groups: company and name -> the group.

        Raises:
            StoppedError: the API did not respond for as long as the patience allows.
            APIError: a list could not be read, and waiting cannot help.
        """
        leavers = Leavers(self.removals)
        stays = _Digests(self._staying())
        if self.removals.scope == "users":
            for company in dict.fromkeys(company for company, _, _ in self._people()):
                leavers.add(await self._read(stays, self.client_of(company).users.iter, company))
        else:
            for (company, _), group in groups.items():
                members = partial(self.client_of(company).groups.users.iter, group.id)
                leavers.add(await self._read(stays, members, company, group))
        return leavers

    async def _read(
        self,
        stays: _Digests,
        users: Callable[[], AsyncIterator[User]],
        company: int | None,
        group: Group | None = None,
    ) -> Leavers:
        async def read() -> Leavers:
            found, name = Leavers(self.removals), None if group is None else group.name
            async for user in users():
                found.present += 1
                key = login_key(user.login)
                if key not in self.removals.protect and _text(company, key, name) not in stays:
                    found.note(_leaver(user, company, group))
            return found

        return await self.sender.read(read)

    def _staying(self) -> Iterator[str]:
        if self.removals.scope == "users":
            return (_text(company, key, None) for company, key, _ in self._people())
        return (_text(company, key, name) for company, key, groups in self._people() for name in groups)

    def _people(self) -> Iterator[tuple[int | None, str, Sequence[str]]]:
        for row in self.roster.accepted:
            if row.person is not None:
                company = None if row.person.company is None else self.companies[row.person.company]
                yield company, row.person.key, row.person.groups


def _leaver(user: User, company: int | None, group: Group | None) -> Leaver:
    if group is None:
        return Leaver(user.id, user.login, company)
    return Leaver(user.id, user.login, company, group.id, group.name)


def _text(company: int | None, key: str, group: str | None) -> str:
    return f"{company}/{group_key(group or '')}/{key}"


class _Digests:
    """A set of texts of which 8 bytes each are kept; two of a million have the same once in thirty million sets."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sorted = array("Q", sorted(map(digest_of, texts)))

    def __contains__(self, text: object) -> bool:
        digest = digest_of(str(text))
        at = bisect_left(self._sorted, digest)
        return at < len(self._sorted) and self._sorted[at] == digest
