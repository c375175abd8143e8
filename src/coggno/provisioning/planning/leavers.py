"""Who is in a company, or in a group, and not in the roster. Reads, never writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

from attrs import define, field, frozen

from coggno._protocol.identity import group_key, login_key
from coggno.errors import NotFoundError
from coggno.models import Group, User
from coggno.provisioning.client import OnItemError, ProvisioningClient
from coggno.provisioning.options import Removals
from coggno.provisioning.outcomes import AS_WANTED, RowOutcome
from coggno.provisioning.planning.lookalikes import CompanyPerson, Lookalikes
from coggno.provisioning.planning.wanted import Digests
from coggno.provisioning.requests import Sender
from coggno.provisioning.roster import Person, Roster
from coggno.provisioning.roster.checks.warnings import damage_of_login

RemovalKey: TypeAlias = "tuple[int | None, str, int | None]"
"""Id of a company, key of a login, and id of the group that it leaves; `None` where the user is deleted."""
_MOST_KEPT: Final = 100  # look-alikes; where there are more, a whole column is damaged
_NAMED: Final = 5  # in a message
_FEW: Final = 5  # leavers of one list that are too few for a share of it


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
    def id(self) -> tuple[int | None, int, str, int | None]:
        """What makes two leavers the same: another login under the same id is somebody else."""
        return self.company, self.user_id, login_key(self.login), self.group_id


@define
class Leavers:
    """Who is not in the roster.

    Attributes:
        removals: what was asked for.
        found: who is to be removed; no more than one above the limit are kept.
        count: how many that are.
        present: how many users, or memberships, there are in all, those that stay included.
        kept: who is not removed although the roster does not have them, each with the reason: they are probably
            people of the roster, under another login. Not in `count`.
        obstacle: why nobody may be removed, whoever is there; `None` if nothing is in the way.
        protected: which of the protected logins belong to somebody.
        place: the company or group that it is about; empty for several.
        gone: removals of earlier runs whose outcome is not known, of users who are not there any more.
        too_many: the first company or group that more would leave than the share allows.
        earlier: how many this run has removed before it was interrupted: the limits are those of the whole run.
    """

    removals: Removals
    found: list[Leaver] = field(factory=list[Leaver])
    count: int = 0
    present: int = 0
    kept: list[tuple[Leaver, str]] = field(factory=list[tuple[Leaver, str]])
    obstacle: str | None = None
    protected: set[str] = field(factory=set[str])
    place: str = ""
    too_many: Leavers | None = None
    gone: set[RemovalKey] = field(factory=set[RemovalKey])
    earlier: int = 0

    def note(self, leaver: Leaver) -> None:
        """Count a user who is not in the roster."""
        self.count += 1
        # Beyond the limit nobody is removed, so nobody needs to know who they are.
        if len(self.found) <= self.removals.max_count:
            self.found.append(leaver)

    def keep(self, leaver: Leaver, reason: str) -> None:
        """Note a user who is not in the roster and stays all the same."""
        if len(self.kept) <= _MOST_KEPT:
            self.kept.append((leaver, reason))

    def add(self, other: Leavers) -> None:
        """Count those of another list, too."""
        self.count += other.count
        self.present += other.present
        self.found.extend(other.found[: max(0, self.removals.max_count + 1 - len(self.found))])
        self.kept.extend(other.kept[: _MOST_KEPT + 1 - len(self.kept)])
        self.protected |= other.protected
        self.gone |= other.gone
        # In a large account, a whole group or company is a small share.
        if self.too_many is None and other.count > max(_FEW, self.removals.max_share * other.present):
            self.too_many = other

    def objection(self) -> str | None:
        """Return why nobody may be removed, or `None`."""
        return self.obstacle or self._unknown_objection() or self._kept_objection() or self._limit_objection()

    def _unknown_objection(self) -> str | None:
        unknown = sorted(self.removals.protect - self.protected)
        if not unknown:
            return None
        # An entry with a typo protects nobody, and the person whom it is meant for would be removed.
        belong = "login belongs" if len(unknown) == 1 else "logins belong"
        return f"{len(unknown)} protected {belong} to nobody who is there: {_listed(unknown)}"

    def _kept_objection(self) -> str | None:
        if len(self.kept) <= _MOST_KEPT:
            return None
        example, reason = self.kept[0]
        return (
            f"more than {_MOST_KEPT} users who are not in the roster are probably people of the roster under another "
            f"login, such as {example.login!r}: {reason}"
        )

    def _limit_objection(self) -> str | None:
        limits, what = self.removals, "deleted" if self.removals.scope == "users" else "removed from groups"
        # Who is in doubt and not there any more was most likely removed, too.
        earlier = self.earlier + len(self.gone)
        count, present = self.count + earlier, self.present + earlier
        after = f" with the {earlier} before the interruption" if earlier else ""
        if self.count and count > limits.max_count:
            return f"{count} would be {what}{after}, and at most {limits.max_count} may be (max_count)"
        share = f"{limits.max_share:.1%}".replace(".0%", "%")
        if self.count and count > limits.max_share * present:
            return f"{count} of {present} would be {what}{after}, and at most {share} may be (max_share)"
        if (part := self.too_many) is not None:
            of = f"{part.count} of {part.present} {part.place}"
            return f"{of} would be {what}, and at most {share} of each may be (max_share)"
        return None


def roster_objection(roster: Roster) -> str | None:
    """Return why a roster cannot say who has left, or `None`."""
    if not roster.accepted_count:
        return "the roster has no row that can be carried out"
    rejected = roster.rejected.get(RowOutcome.INVALID, 0) + roster.rejected.get(RowOutcome.REFUSED, 0)
    if rejected:
        # A person whose login is misspelt would be removed as somebody who is not in the roster.
        return f"the check has refused {_rows(rejected)}, which may be of people who are to stay"
    damaged = (
        f"line {row.line}: {damage}"
        for row in roster.accepted
        if row.person is not None and (damage := damage_of_login(row.person)) is not None
    )
    first = next(damaged, None)
    return None if first is None else f"a person who is to stay may have another login than the roster says ({first})"


def outcome_objection(counts: Mapping[RowOutcome, int]) -> str | None:
    """Return why the results of the rows keep everybody, or `None`.

    A row that did not end as wanted may be of somebody who is on the server under another login.

    Args:
        counts: how many rows have ended, or will end, with each outcome.
    """
    bad = Counter({outcome.value: number for outcome, number in counts.items() if number and outcome not in AS_WANTED})
    if not bad:
        return None
    listed = ", ".join(f"{number} {outcome}" for outcome, number in bad.most_common())
    return (
        f"{_rows(bad.total())} did not end as wanted ({listed}), and may be of people who are there under another login"
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(map(repr, texts[:_NAMED])) + more


@frozen
class LeaverSearch:
    """Reads who is there and not in a roster.

    Attributes:
        sender: sends the requests.
        client_of: returns a client that acts for a company.
        roster: who stays.
        companies: company as the roster names it -> its id; `None` where the client acts for it.
        removals: what is asked for.
        newcomers: yields the people of the roster whose user is new.
        on_error: receives the errors of records that cannot be read; nobody removes these.
        in_doubt: removals of earlier runs whose outcome is not known.
        earlier: how many the run has removed before it was interrupted.
    """

    sender: Sender
    client_of: Callable[[int | None], ProvisioningClient]
    roster: Roster
    companies: Mapping[str, int | None]
    removals: Removals
    newcomers: Callable[[], Iterator[CompanyPerson]]
    on_error: OnItemError
    in_doubt: Collection[RemovalKey] = ()
    earlier: int = 0

    async def run(self, groups: Mapping[tuple[int | None, str], Group]) -> Leavers:
        """Read the lists of users, or of the members of the roster's groups.

        Args:
            groups: company and name -> the group.

        Raises:
            StoppedError: the API did not respond for as long as the patience allows.
            APIError: a list could not be read, and waiting cannot help.
        """
        leavers = Leavers(self.removals, earlier=self.earlier)
        stays, lookalikes = Digests(self._staying()), Lookalikes.of(self._people, self.newcomers)
        if self.removals.scope == "users":
            owners = await self._owners()
            for company in self._companies():
                users = partial(self.client_of(company).users.iter, on_error=self.on_error)
                leavers.add(_without(await self._read(stays, lookalikes, users, company), owners))
        else:
            for (company, _), group in groups.items():
                members = partial(self.client_of(company).groups.users.iter, group.id, on_error=self.on_error)
                leavers.add(await self._read(stays, lookalikes, members, company, group))
        await self._find_protected(leavers)
        return leavers

    async def _read(
        self,
        stays: Digests,
        lookalikes: Lookalikes,
        users: Callable[[], AsyncIterator[User]],
        company: int | None,
        group: Group | None = None,
    ) -> Leavers:
        async def read() -> Leavers:
            found, name = Leavers(self.removals, place=_place(company, group)), None if group is None else group.name
            place = company, None if group is None else group.id
            found.gone = {each for each in self.in_doubt if (each[0], each[2]) == place}
            async for user in users():
                found.present += 1
                key = login_key(user.login)
                found.gone.discard((company, key, place[1]))
                if key in self.removals.protect:
                    found.protected.add(key)
                elif _text(company, key, name) not in stays:
                    leaver, reason = _leaver(user, company, group), lookalikes.reason(company, user)
                    if reason is None:
                        found.note(leaver)
                    else:
                        found.keep(leaver, reason)
            return found

        try:
            return await self.sender.read(read, may_be_missing=group is not None)
        except NotFoundError:
            return Leavers(self.removals)  # the group was deleted, and with it its memberships

    async def _owners(self) -> Mapping[int, int]:
        """Return the users that companies were created with; user -> company."""

        async def read() -> dict[int, int]:
            return {company.user_id: company.id async for company in self.sender.client.companies.iter()}

        try:
            return await self.sender.read(read, may_be_missing=True)
        except NotFoundError:
            return {}  # an account without companies

    async def _find_protected(self, leavers: Leavers) -> None:
        """Find out which protected logins belong to somebody who is in the roster, or in none of the lists read."""
        protect = self.removals.protect
        if protect:
            leavers.protected |= protect.intersection(person.key for _, person in self._people())
        if self.removals.scope == "users":
            return
        for company in self._companies():
            if protect - leavers.protected:
                leavers.protected |= await self._protected_users(self.client_of(company))

    async def _protected_users(self, client: ProvisioningClient) -> set[str]:
        async def read() -> set[str]:
            return {
                key
                async for user in client.users.iter(on_error=self.on_error)
                if (key := login_key(user.login)) in self.removals.protect
            }

        return await self.sender.read(read)

    def _staying(self) -> Iterator[str]:
        if self.removals.scope == "users":
            return (_text(company, person.key, None) for company, person in self._people())
        return (_text(company, person.key, name) for company, person in self._people() for name in person.groups)

    def _companies(self) -> Iterable[int | None]:
        return dict.fromkeys(company for company, _ in self._people())

    def _people(self) -> Iterator[tuple[int | None, Person]]:
        for row in self.roster.accepted:
            if row.person is not None:
                company = None if row.person.company is None else self.companies[row.person.company]
                yield company, row.person


def _leaver(user: User, company: int | None, group: Group | None) -> Leaver:
    if group is None:
        return Leaver(user.id, user.login, company)
    return Leaver(user.id, user.login, company, group.id, group.name)


def _without(leavers: Leavers, owners: Mapping[int, int]) -> Leavers:
    """Keep the users that companies were created with: without them, nobody may be able to manage these."""
    owning = [leaver for leaver in leavers.found if leaver.user_id in owners]
    for leaver in owning:
        leavers.found.remove(leaver)
        leavers.count -= 1
        leavers.keep(leaver, f"company {owners[leaver.user_id]} was created with this user")
    return leavers


def _place(company: int | None, group: Group | None) -> str:
    parts = [f"in group {group.name!r}"] if group is not None else []
    return " ".join([*parts, "of the company" if company is None else f"of company {company}"])


def _text(company: int | None, key: str, group: str | None) -> str:
    return f"{company}/{group_key(group or '')}/{key}"
