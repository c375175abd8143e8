"""Filling a company with invented people, departments, courses and progress."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import isqrt
from typing import Final

from attrs import asdict, field, frozen
from attrs.validators import ge, optional

from coggno.sandbox.samples import (
    COURSES,
    DEPARTMENTS,
    SampleCourse,
    SamplePerson,
    completion_rates,
    numbered,
    sample_people,
)
from coggno.sandbox.state import AccountState, NewPerson, SandboxGroup, SandboxLicense, SandboxUser

_IN_A_GROUP: Final = 0.95
"""The share of people who are in a group; a report must count the others, too."""
_RATE_WITHOUT_GROUP: Final = 0.6


@frozen(kw_only=True)
class PopulationSize:
    """How much there is to invent.

    Raises:
        ValueError: a number is negative.
    """

    users: int = field(default=0, validator=ge(0))
    documents: int = field(default=0, validator=ge(0))
    groups: int | None = field(default=None, validator=optional(ge(0)))
    """None: as many as suit the number of users, 12 at most."""

    def number_of_groups(self) -> int:
        """Return how many groups to make."""
        return min(len(DEPARTMENTS), isqrt(self.users) // 3) if self.groups is None else self.groups


def register_people(state: AccountState, company: int, people: Iterator[SamplePerson], count: int) -> list[SandboxUser]:
    """Put the next `count` people whose login is free into the LMS of a company."""
    return [_register(state, company, person) for person in _unregistered(state, people, count)]


def populate(state: AccountState, company: int, size: PopulationSize, seed: int) -> list[SandboxUser]:
    """Add people, groups and courses to a company, and licenses of these people for these courses.

    Returns:
        The people.
    """
    people = _unregistered(state, sample_people(seed), size.users)
    users = [_register(state, company, person) for person in people]
    groups = [
        state.create_group(company, name, None) for name in islice(numbered(DEPARTMENTS), size.number_of_groups())
    ]
    rates = _join_groups(state, groups, people, users, seed)
    taken = {each.title for each in state.documents.of(company)}
    titles = (title for title in numbered(COURSES) if title not in taken)
    for number, title in enumerate(islice(titles, size.documents)):
        _give_course(state, company, title, SampleCourse(seed, number), zip(users, rates, strict=True))
    return users


def _unregistered(state: AccountState, people: Iterator[SamplePerson], count: int) -> list[SamplePerson]:
    # A test may have taken one of these logins by name.
    free = (person for person in people if state.users.registered(person.email) is None)
    return list(islice(free, count))


def _register(state: AccountState, company: int, person: SamplePerson) -> SandboxUser:
    return state.create_user(
        company, NewPerson(email=person.email, first_name=person.first_name, last_name=person.last_name)
    )


def _join_groups(
    state: AccountState, groups: list[SandboxGroup], people: list[SamplePerson], users: list[SandboxUser], seed: int
) -> list[float]:
    """Put everybody into the group of their department; return how much of their training each one finishes."""
    by_department = completion_rates(seed, len(groups))
    rates: list[float] = []
    for person, user in zip(people, users, strict=True):
        index = int(person.department / _IN_A_GROUP * len(groups))
        rate = _RATE_WITHOUT_GROUP
        if index < len(groups):
            state.add_member(groups[index], user.id)
            rate = by_department[index]
        rates.append(person.diligence * rate)
    return rates


def _give_course(
    state: AccountState, company: int, title: str, course: SampleCourse, users: Iterator[tuple[SandboxUser, float]]
) -> None:
    created = course.created_at.isoformat()
    document = state.documents.add(title, company=company, type_="ScormDocument", published=1, created_at=created)
    for user, rate in users:
        progress = course.progress(rate)
        if progress is not None:
            state.add_license(SandboxLicense(user=user.id, document=document.id, amount=1, **asdict(progress)))
