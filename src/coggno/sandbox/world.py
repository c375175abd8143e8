"""The state behind the HTTP: seeds, what tests read, commits and the log of them. No I/O.

A lock guards every step, so that a test may look while a server in another thread is answering.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from attrs import frozen

from .clock import Clock, RealClock
from .keys import Keys, acting_company
from .log import Effect
from .operations import ApiCall
from .refusals import Refusal
from .state import ROOT, NewPerson, SandboxCompany, SandboxDocument, SandboxGroup, SandboxLicense, SandboxUser, Store

T = TypeVar("T")

_DAY: Final = "2025-01-15"
_SAMPLES: Final = ("Training", "Workplace Safety", "Data Protection")


@frozen
class _Pending:
    """A call that takes effect later: at a time, or once so many requests have arrived."""

    call: ApiCall
    at: float | None
    request: int | None

    def is_due(self, now: float, arrived: int) -> bool:
        return arrived >= self.request if self.request is not None else self.at is not None and now >= self.at


class World:
    """Companies, users, groups, documents and licences, and the log of what requests changed.

    Args:
        keys: API keys of the first account; `None` accepts every key that begins with `test_`.
        clock: the time; give a `ManualClock` and nothing ever waits.
        lag: seconds during which a user just created is not found yet.
        fold_logins: whether logins that differ only in case are the same.
        documents: whether a few sample documents are there.
    """

    def __init__(
        self,
        *,
        keys: Iterable[str] | None = None,
        clock: Clock | None = None,
        lag: float = 0.0,
        fold_logins: bool = False,
        documents: bool = True,
    ) -> None:
        self.clock: Clock = clock or RealClock()
        self._lock = threading.RLock()
        self._keys = Keys(keys)
        self._store = Store(now=self.clock.now, lag=lag, fold_logins=fold_logins)
        self._effects: list[Effect] = []
        self._pending: list[_Pending] = []
        self._arrived = 0
        self._numbers = itertools.count(1)
        self._store.create_company(_person("owner"), "Sandbox")
        for title in _SAMPLES if documents else ():
            self.seed_document(title)

    # Seeds stand in for what happened before: they log no effect, and no lag hides them.

    def seed_account(self, key: str, *, name: str = "Another account") -> SandboxCompany:
        """Open another account with a company of its own, and let `key` in as it.

        Raises:
            ValueError: the key is empty.
        """
        with self._seeding():
            company = self._store.create_company(_person(self._unused()), name)
            self._keys.add(key, company.id)
            return company

    def seed_company(self, *, name: str = "Company", login: str | None = None, parent: int = ROOT) -> SandboxCompany:
        """Open a company connected to `parent`; its owner's login is made up unless given.

        Raises:
            ValueError: the login is taken, or there is no such parent.
        """
        with self._seeding():
            return self._store.create_company(_person(login or self._unused()), name, self._known(parent))

    def seed_user(
        self,
        login: str | None = None,
        *,
        email: str | None = None,
        first_name: str = "John",
        last_name: str = "Johnson",
        groups: Iterable[int] = (),
        company: int = ROOT,
    ) -> SandboxUser:
        """Put a user into the LMS of a company and into some groups; login and e-mail are made up unless given.

        Raises:
            ValueError: the login is taken, or there is no such company or group.
        """
        with self._seeding():
            person = _person(login or email or self._unused(), email, first_name, last_name)
            user = self._store.create_user(self._known(company), person, settled=True)
            for group_id in groups:
                self._store.add_member(self._store.group(company, str(group_id)), user.id)
            return user

    def seed_users(self, count: int, *, company: int = ROOT) -> list[SandboxUser]:
        """Put `count` made-up users into the LMS of a company and return them.

        Raises:
            ValueError: there is no such company.
        """
        return [self.seed_user(company=company) for _ in range(count)]

    def seed_group(
        self,
        name: str,
        *,
        description: str | None = None,
        members: Iterable[int] = (),
        company: int = ROOT,
    ) -> SandboxGroup:
        """Make a group of a company, with these users in it.

        Raises:
            ValueError: there is no such company or user.
        """
        with self._seeding():
            group = self._store.create_group(self._known(company), name, description)
            for user_id in members:
                self._store.add_member(group, user_id)
            return group

    def seed_document(
        self,
        title: str,
        *,
        company: int | None = None,
        type_: str = "ScormDocument",
        published: int = 1,
        created_at: str = _DAY,
    ) -> SandboxDocument:
        """Add a document that every company sees, or only one.

        Raises:
            ValueError: there is no such company.
        """
        with self._seeding():
            owner = None if company is None else self._known(company)
            return self._store.add_document(
                title, company=owner, type_=type_, published=published, created_at=created_at
            )

    def seed_license(
        self,
        user: int,
        document: int = 1,
        *,
        amount: int = 1,
        used: int = 0,
        views: int = 0,
        start_date: str | None = None,
        complete_date: str | None = None,
        total_time: int = 0,
        score: int = 0,
        status: str = "not started",
        passed: bool = False,
        created_at: str = _DAY,
    ) -> SandboxLicense:
        """Give a user a licence for a document, both by id; the values are the reference's own unless given.

        Raises:
            ValueError: there is no such user or document.
        """
        license_ = SandboxLicense(
            user=user,
            document=document,
            amount=amount,
            used=used,
            views=views,
            start_date=start_date,
            complete_date=complete_date,
            total_time=total_time,
            score=score,
            status=status,
            passed=passed,
            created_at=created_at,
        )
        with self._seeding():
            self._store.add_license(license_)
        return license_

    # What tests read; late commits that are due by now are made first.

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Every change that requests committed, in order."""
        return self._look(lambda: tuple(self._effects))

    @property
    def pending(self) -> int:
        """How many late commits are still to come."""
        return self._look(lambda: len(self._pending))

    def companies(self) -> tuple[SandboxCompany, ...]:
        """Return every company of every account; the first one is the account of the first key."""
        return self._look(self._store.companies)

    def users(self, company: int | None = None) -> tuple[SandboxUser, ...]:
        """Return the users in the LMS of a company, the first one unless given.

        Raises:
            ValueError: there is no such company.
        """
        return self._look(lambda: tuple(self._store.users(self._known(company))))

    def user(self, key: int | str, company: int | None = None) -> SandboxUser | None:
        """Return the user of a company with that id or login, if there is one."""

        def found() -> SandboxUser | None:
            try:
                return self._store.user(self._known(company), str(key))
            except Refusal:
                return None

        return self._look(found)

    def registered(self, login: str) -> SandboxUser | None:
        """Return who holds a login in the whole Coggno database, whether in an LMS or not."""
        return self._look(lambda: self._store.registered(login))

    def groups(self, company: int | None = None) -> tuple[SandboxGroup, ...]:
        """Return the groups of a company, the first one unless given.

        Raises:
            ValueError: there is no such company.
        """
        return self._look(lambda: tuple(self._store.groups(self._known(company))))

    def members(self, group: int) -> tuple[SandboxUser, ...]:
        """Return the users in a group, by the group's id; none if there is no such group."""
        return self._look(lambda: tuple(self._store.members(group)))

    # Requests

    def admit(self, authorization: str | None, company: str | None) -> int:
        """Return the company a request acts as, by its `Authorization` and `Coggno-LMS` headers.

        Raises:
            Unauthorized: no accepted key.
            BadRequest: `Coggno-LMS` is not an id.
            Forbidden: a company that the key may not act as.
        """
        with self._lock:
            return acting_company(self._store, self._keys.account(authorization), company)

    def arrive(self) -> None:
        """Count a request, after making the late commits it is to see."""
        with self._lock:
            self._catch_up()
            self._arrived += 1

    def perform(self, call: ApiCall) -> Any:
        """Carry a call out and return the JSON of its answer.

        Raises:
            Refusal: it cannot be done, and nothing was changed.
        """
        with self._lock:
            return self._perform(call, self.clock.now())

    def postpone(self, call: ApiCall, *, seconds: float, requests: int | None) -> None:
        """Carry a call out after `seconds`, or once `requests` more requests have arrived, if that is given."""
        with self._lock:
            if requests is None:
                self._pending.append(_Pending(call, self.clock.now() + seconds, None))
            else:
                self._pending.append(_Pending(call, None, self._arrived + requests))

    def commit_late(self) -> int:
        """Make all late commits now, due or not; return how many took effect."""
        with self._lock:
            before = len(self._effects)
            self._commit(lambda _: True)
            return len(self._effects) - before

    # Within

    def _look(self, read: Callable[[], T]) -> T:
        with self._lock:
            self._catch_up()
            return read()

    def _catch_up(self) -> None:
        if self._pending:
            now = self.clock.now()
            self._commit(lambda each: each.is_due(now, self._arrived))

    def _commit(self, is_due: Callable[[_Pending], bool]) -> None:
        now = self.clock.now()
        due = [(now if each.at is None else min(now, each.at), each.call) for each in self._pending if is_due(each)]
        self._pending = [each for each in self._pending if not is_due(each)]
        for at, call in sorted(due, key=lambda each: each[0]):
            # Nobody is there any more to be told of a refusal.
            with suppress(Refusal):
                self._perform(call, at, late=True)

    def _perform(self, call: ApiCall, at: float, *, late: bool = False) -> Any:
        def commit(**what: Any) -> None:
            seq = len(self._effects) + 1
            self._effects.append(
                Effect(seq=seq, operation=call.operation.id, company=call.company, at=at, late=late, **what)
            )

        return call.operation.run(self._store, call, commit)

    @contextmanager
    def _seeding(self) -> Generator[None, None, None]:
        with self._lock:
            try:
                yield
            except Refusal as exc:
                raise ValueError(exc.message) from exc

    def _known(self, company: int | None) -> int:
        if company is None:
            return ROOT
        if self._store.company(company) is None:
            raise ValueError(f"no such company: {company}")
        return company

    def _unused(self) -> str:
        names = (f"user{n}@example.com" for n in self._numbers)
        return next(name for name in names if self._store.registered(name) is None)


def _person(login: str, email: str | None = None, first_name: str = "John", last_name: str = "Johnson") -> NewPerson:
    email = email or (login if "@" in login else f"{login}@example.com")
    return NewPerson(email=email, first_name=first_name, last_name=last_name, login=login)
