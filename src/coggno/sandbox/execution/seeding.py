"""Records that a sandbox has from the beginning. They leave no effect, and no lag hides them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from coggno.sandbox.samples import sample_people
from coggno.sandbox.state import (
    ROOT,
    AccountState,
    NewPerson,
    SandboxCompany,
    SandboxDocument,
    SandboxGroup,
    SandboxLicense,
    SandboxUser,
)

from .executor import Executor
from .lookups import known
from .population import PopulationSize, populate, register_people

_DAY: Final = "2025-01-15"
"""A fixed date: the same seeds give the same responses on every day."""


class Seeding:
    """Methods of a sandbox that put records into its state.

    Args:
        executor: the way to the state.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._numbers = itertools.count(1)
        self._people = sample_people(0)

    def seed_company(self, *, name: str = "Company", login: str | None = None, parent: int = ROOT) -> SandboxCompany:
        """Open a company connected to `parent`; its owner's login is made up unless given.

        Raises:
            ValueError: the login is taken, or there is no such parent.
        """
        with self._executor.seeding() as state:
            owner = _person(login or self._unused_login(state))
            return state.create_company(owner, name, known(state, parent))

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
        with self._executor.seeding() as state:
            company_id = known(state, company)
            # Looked up first: a seed that fails must not leave half of itself behind.
            wanted = [state.groups.get(company_id, str(group_id)) for group_id in groups]
            person = _person(login or email or self._unused_login(state), email, first_name, last_name)
            user = state.create_user(company_id, person)
            for group in wanted:
                state.add_member(group, user.id)
            return user

    def seed_users(self, count: int, *, company: int = ROOT) -> list[SandboxUser]:
        """Put `count` users with invented names into the LMS of a company and return them.

        Raises:
            ValueError: there is no such company.
        """
        with self._executor.seeding() as state:
            return register_people(state, known(state, company), self._people, count)

    def populate(
        self,
        *,
        users: int = 0,
        documents: int = 0,
        groups: int | None = None,
        seed: int = 0,
        company: int = ROOT,
    ) -> list[SandboxUser]:
        """Fill a company with invented people, departments and courses, and with licenses of these for those.

        Nearly everybody has the first three courses, some have the others; departments differ in how much they
        finish. With the same seed, the first people are the same in any number of them. A status is `not started`,
        `in progress` or `completed`; scores go up to 100, and 80 is a pass.

        Args:
            users: how many people to add.
            documents: how many courses to add.
            groups: how many departments to add; by default as many as suit the number of people, 12 at most.
            seed: the same seed invents the same.
            company: the company to add them to, by its id.

        Returns:
            The people.

        Raises:
            ValueError: a number is negative, or there is no such company.
        """
        size = PopulationSize(users=users, documents=documents, groups=groups)
        with self._executor.seeding() as state:
            return populate(state, known(state, company), size, seed)

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
        with self._executor.seeding() as state:
            group = state.create_group(known(state, company), name, description)
            for user_id in members:
                state.add_member(group, user_id)
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
        """Add a document that every company has, or only one.

        Raises:
            ValueError: there is no such company.
        """
        with self._executor.seeding() as state:
            owner = None if company is None else known(state, company)
            return state.documents.add(title, company=owner, type_=type_, published=published, created_at=created_at)

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
        """Give a user a license for a document, both by id; the default values are those of the reference.

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
        with self._executor.seeding() as state:
            state.add_license(license_)
        return license_

    def _new_account(self, name: str, login: str | None = None) -> SandboxCompany:
        """Open a company that is connected to none: an account of its own."""
        with self._executor.seeding() as state:
            return state.create_company(_person(login or self._unused_login(state)), name)

    def _unused_login(self, state: AccountState) -> str:
        # A test may have taken one of the numbered logins by name.
        names = (f"user{number}@example.com" for number in self._numbers)
        return next(name for name in names if state.users.registered(name) is None)


def _person(login: str, email: str | None = None, first_name: str = "John", last_name: str = "Johnson") -> NewPerson:
    email = email or (login if "@" in login else f"{login}@example.com")
    return NewPerson(email=email, first_name=first_name, last_name=last_name, login=login)
