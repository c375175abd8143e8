"""What Coggno remembers: companies, users, groups, documents, licences. Pure: no I/O, every lookup O(1).

A user is *registered* once in the whole Coggno database, and is *in the LMS* of at most one company. Deleting takes
a user out of the LMS and all groups; the registration stays, and with it the login (reference: Delete User).
Passwords are checked by whoever reads the form and are never kept.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable

from attrs import frozen

from .refusals import Invalid, Missing

ROOT = 1
"""Id of the company that the first API key belongs to."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)


@frozen(kw_only=True)
class SandboxUser:
    """A registered user."""

    id: int
    login: str
    email: str
    first_name: str
    last_name: str


@frozen(kw_only=True)
class SandboxCompany:
    """A single LMS account and the user who owns it."""

    id: int
    user_id: int
    login: str
    first_name: str
    last_name: str
    name: str | None
    parent: int | None
    """The company it was created as, hence is connected to; `None` for an account's own company."""
    account: int
    """The company at the root of its account: a key reaches all companies of one account."""


@frozen(kw_only=True)
class SandboxGroup:
    """A group of a company. Names are not unique."""

    id: int
    company: int
    name: str
    description: str | None


@frozen(kw_only=True)
class SandboxDocument:
    """A piece of training content."""

    id: int
    title: str
    company: int | None
    """The only company that sees it; `None`: all do."""
    published: int
    type: str
    published_at: str | None
    created_at: str


@frozen(kw_only=True)
class SandboxLicense:
    """A user's licence for a document."""

    user: int
    document: int
    amount: int
    used: int
    views: int
    start_date: str | None
    complete_date: str | None
    total_time: int
    score: int
    status: str
    passed: bool
    created_at: str


@frozen(kw_only=True)
class NewPerson:
    """What a form says of a new user or a company's owner."""

    email: str
    first_name: str
    last_name: str
    login: str | None = None
    """`None`: the e-mail is the login (reference: Create User)."""


class Store:
    """All state of one sandbox.

    Args:
        now: the current time in seconds.
        lag: seconds during which a user just created is not found yet, by anyone.
        fold_logins: whether logins that differ only in case are the same.
    """

    def __init__(self, *, now: Callable[[], float], lag: float = 0.0, fold_logins: bool = False) -> None:
        self._now = now
        self._lag = lag
        self._fold = fold_logins
        self._ids = {kind: itertools.count(1) for kind in ("user", "company", "group", "document")}
        self._registered: dict[int, SandboxUser] = {}
        self._logins: dict[str, int] = {}
        self._companies: dict[int, SandboxCompany] = {}
        self._children: dict[int, list[int]] = {}
        self._lms: dict[int, dict[int, SandboxUser]] = {}
        self._home: dict[int, int] = {}
        self._visible_from: dict[int, float] = {}
        self._groups: dict[int, dict[int, SandboxGroup]] = {}
        self._named: dict[tuple[int, str], dict[int, None]] = {}
        self._members: dict[int, dict[int, SandboxUser]] = {}
        self._joined: dict[int, set[int]] = {}
        self._documents: dict[int, SandboxDocument] = {}
        self._user_licenses: dict[int, list[SandboxLicense]] = {}
        self._document_licenses: dict[int, list[SandboxLicense]] = {}

    # Companies

    def create_company(self, owner: NewPerson, name: str | None, parent: int | None = None) -> SandboxCompany:
        """Register `owner` and open a company for them, connected to `parent` (reference: Create Company).

        The owner is registered, but is no user of the new LMS.

        Raises:
            Invalid: the owner's login is taken.
        """
        user = self._register(owner)
        company_id = next(self._ids["company"])
        company = SandboxCompany(
            id=company_id,
            user_id=user.id,
            login=user.login,
            first_name=user.first_name,
            last_name=user.last_name,
            name=name,
            parent=parent,
            account=company_id if parent is None else self._companies[parent].account,
        )
        self._companies[company.id] = company
        self._lms[company.id] = {}
        self._groups[company.id] = {}
        if parent is not None:
            self._children.setdefault(parent, []).append(company.id)
        return company

    def company(self, company_id: int) -> SandboxCompany | None:
        """Return the company with that id, if there is one."""
        return self._companies.get(company_id)

    def companies(self) -> tuple[SandboxCompany, ...]:
        """Return every company, oldest first."""
        return tuple(self._companies.values())

    def connected(self, company_id: int) -> list[SandboxCompany]:
        """Return the companies created as `company_id`, oldest first (reference: Get Connected Companies)."""
        return [self._companies[child] for child in self._children.get(company_id, ())]

    # Users

    def create_user(
        self, company_id: int, person: NewPerson, group_id: int | None = None, *, settled: bool = False
    ) -> SandboxUser:
        """Register `person`, put them into the LMS and, if asked, into a group (reference: Create User).

        Unless `settled`, the user is not found before the lag is over.

        Raises:
            Invalid: the login is taken anywhere in Coggno, or the group is not one of the company's.
        """
        if group_id is not None and group_id not in self._groups[company_id]:
            raise Invalid("no such group", fields={"group_id": "no such group"})
        user = self._register(person)
        self._lms[company_id][user.id] = user
        self._home[user.id] = company_id
        if self._lag and not settled:
            self._visible_from[user.id] = self._now() + self._lag
        if group_id is not None:
            self._join(group_id, user)
        return user

    def delete_user(self, company_id: int, user: SandboxUser) -> None:
        """Take `user` out of the LMS and all groups; the login stays registered (reference: Delete User)."""
        del self._lms[company_id][user.id]
        del self._home[user.id]
        self._visible_from.pop(user.id, None)
        for group_id in self._joined.pop(user.id, ()):
            del self._members[group_id][user.id]

    def user(self, company_id: int, key: str, *, logins: bool = True) -> SandboxUser:
        """Return the user of the LMS with that id or login; an id wins over a login of the same digits.

        Raises:
            Missing: there is none.
        """
        return self._pick(self._lms[company_id], key, logins=logins)

    def users(self, company_id: int) -> list[SandboxUser]:
        """Return the users of the LMS, oldest first."""
        return self._visible(self._lms[company_id].values())

    def registered(self, login: str) -> SandboxUser | None:
        """Return who holds `login` in the whole Coggno database, in an LMS or not."""
        user_id = self._logins.get(self._folded(login))
        return None if user_id is None else self._registered[user_id]

    # Groups

    def create_group(self, company_id: int, name: str, description: str | None) -> SandboxGroup:
        """Make a group; others of that name do not matter (reference: Create Group)."""
        group = SandboxGroup(id=next(self._ids["group"]), company=company_id, name=name, description=description)
        self._groups[company_id][group.id] = group
        self._named.setdefault((company_id, name), {})[group.id] = None
        self._members[group.id] = {}
        return group

    def group(self, company_id: int, key: str) -> SandboxGroup:
        """Return the company's group with that id.

        Raises:
            Missing: there is none.
        """
        group_id = number(key)
        group = None if group_id is None else self._groups[company_id].get(group_id)
        if group is None:
            raise Missing("no such group")
        return group

    def group_named(self, company_id: int, name: str) -> SandboxGroup:
        """Return the company's only group of that name.

        Raises:
            Missing: there is none.
            Invalid: there are several, and one of them would be a guess.
        """
        ids = list(self._named.get((company_id, name), ()))
        if not ids:
            raise Missing("no such group")
        if len(ids) > 1:
            raise Invalid("several groups have this name", fields={"name": "several groups have this name"})
        return self._groups[company_id][ids[0]]

    def groups(self, company_id: int) -> list[SandboxGroup]:
        """Return the company's groups, oldest first."""
        return list(self._groups[company_id].values())

    def delete_group(self, group: SandboxGroup) -> None:
        """Delete the group; its members stay in the LMS."""
        for user_id in self._members.pop(group.id):
            self._joined[user_id].discard(group.id)
        del self._groups[group.company][group.id]
        namesakes = self._named[(group.company, group.name)]
        del namesakes[group.id]
        if not namesakes:
            del self._named[(group.company, group.name)]

    # Members

    def members(self, group_id: int) -> list[SandboxUser]:
        """Return the users in a group, in the order they joined; none if there is no such group."""
        return self._visible(self._members.get(group_id, {}).values())

    def member(self, group: SandboxGroup, key: str, *, logins: bool = True) -> SandboxUser:
        """Return the member with that id or login; an id wins.

        Raises:
            Missing: there is none.
        """
        return self._pick(self._members[group.id], key, logins=logins)

    def add_member(self, group: SandboxGroup, user_id: int) -> tuple[SandboxUser, bool]:
        """Put a user of this or any connected LMS into the group (reference: Add User to Group).

        Returns:
            The user, and whether that changed anything: a member may be added again.

        Raises:
            Missing: the user is in no LMS of the account.
        """
        home = self._home.get(user_id)
        if home is None or self._companies[home].account != self._companies[group.company].account:
            raise Missing("no such user")
        user = self._pick(self._lms[home], str(user_id), logins=False)
        if user.id in self._members[group.id]:
            return user, False
        self._join(group.id, user)
        return user, True

    def remove_member(self, group: SandboxGroup, user: SandboxUser) -> None:
        """Take a member out of the group; the user stays in the LMS (reference: Remove user from group)."""
        del self._members[group.id][user.id]
        self._joined[user.id].discard(group.id)

    # Documents and licences

    def add_document(
        self, title: str, *, company: int | None, type_: str, published: int, created_at: str
    ) -> SandboxDocument:
        """Add a document; `company=None` shows it to every company."""
        document = SandboxDocument(
            id=next(self._ids["document"]),
            title=title,
            company=company,
            published=published,
            type=type_,
            published_at=created_at if published else None,
            created_at=created_at,
        )
        self._documents[document.id] = document
        return document

    def documents(self, company_id: int) -> list[SandboxDocument]:
        """Return the documents the company sees, oldest first."""
        return [document for document in self._documents.values() if document.company in {None, company_id}]

    def document(self, company_id: int, key: str) -> SandboxDocument:
        """Return the document with that id.

        Raises:
            Missing: there is none, or it is another company's.
        """
        document_id = number(key)
        document = None if document_id is None else self._documents.get(document_id)
        if document is None or document.company not in {None, company_id}:
            raise Missing("no such document")
        return document

    def add_license(self, license_: SandboxLicense) -> None:
        """Add a licence of a registered user for a document.

        Raises:
            Missing: there is no such user or document.
        """
        if license_.user not in self._registered or license_.document not in self._documents:
            raise Missing("no such user or document")
        self._user_licenses.setdefault(license_.user, []).append(license_)
        self._document_licenses.setdefault(license_.document, []).append(license_)

    def user_licenses(self, user: SandboxUser) -> list[tuple[SandboxLicense, SandboxDocument]]:
        """Return a user's licences and what they are for."""
        return [(each, self._documents[each.document]) for each in self._user_licenses.get(user.id, ())]

    def document_licenses(self, company_id: int, document: SandboxDocument) -> list[tuple[SandboxLicense, SandboxUser]]:
        """Return the licences that users of this LMS hold for a document, and who holds them."""
        lms = self._lms[company_id]
        licenses = self._document_licenses.get(document.id, ())
        return [(each, lms[each.user]) for each in licenses if each.user in lms]

    # Within

    def _register(self, person: NewPerson) -> SandboxUser:
        login = person.email if person.login is None else person.login
        if self._folded(login) in self._logins:
            field = "email" if person.login is None else "login"
            raise Invalid("the user is registered already", fields={field: "is taken"})
        user = SandboxUser(
            id=next(self._ids["user"]),
            login=login,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
        )
        self._registered[user.id] = user
        self._logins[self._folded(login)] = user.id
        return user

    def _join(self, group_id: int, user: SandboxUser) -> None:
        self._members[group_id][user.id] = user
        self._joined.setdefault(user.id, set()).add(group_id)

    def _pick(self, among: dict[int, SandboxUser], key: str, *, logins: bool) -> SandboxUser:
        user_id = number(key)
        user = None if user_id is None else among.get(user_id)
        if user is None and logins:
            user = among.get(self._logins.get(self._folded(key), 0))
        if user is None or not self._is_visible(user):
            raise Missing("no such user")
        return user

    def _visible(self, users: Iterable[SandboxUser]) -> list[SandboxUser]:
        return [user for user in users if self._is_visible(user)] if self._visible_from else list(users)

    def _is_visible(self, user: SandboxUser) -> bool:
        due = self._visible_from.get(user.id)
        if due is not None and self._now() >= due:
            del self._visible_from[user.id]
            return True
        return due is None

    def _folded(self, login: str) -> str:
        return login.casefold() if self._fold else login


def number(text: str) -> int | None:
    """Return the id that `text` spells in plain ASCII digits without leading zeros, or None."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18) or (text[0] == "0" and text != "0"):
        return None
    return int(text)


def integer(text: str) -> int | None:
    """Return the integer that `text` spells, or None; -1 for all that are too small or too large to be an id."""
    found = number(text)
    return -1 if found is None and _INTEGER.fullmatch(text) else found
