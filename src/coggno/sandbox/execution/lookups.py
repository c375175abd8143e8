"""What a test can look up in a sandbox. Late commits that are due are made first."""

from __future__ import annotations

from coggno.sandbox.state import (
    ROOT,
    AccountState,
    RecordNotFoundError,
    SandboxCompany,
    SandboxGroup,
    SandboxUser,
)

from .effects import Effect
from .executor import Executor


class StateLookups:
    """Methods of a sandbox that show its state as it is, whatever faults do to responses.

    Args:
        executor: the way to the state.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Every change that requests committed, in order."""
        return self._executor.effects()

    @property
    def pending(self) -> int:
        """How many late commits are still to come."""
        return self._executor.pending()

    def commit_late(self) -> int:
        """Make all late commits now, due or not; return how many changes they made."""
        return self._executor.commit_late()

    def companies(self) -> tuple[SandboxCompany, ...]:
        """Return every company of every account; the first one belongs to the first key."""
        return self._executor.read(lambda state: state.companies.all())

    def users(self, company: int | None = None) -> tuple[SandboxUser, ...]:
        """Return the users in the LMS of a company, by default of the first one.

        Raises:
            ValueError: there is no such company.
        """
        return self._executor.read(lambda state: tuple(state.users.in_lms(known(state, company)).values()))

    def user(self, key: int | str, company: int | None = None) -> SandboxUser | None:
        """Return the user of a company with that id or login, if there is one.

        Raises:
            ValueError: there is no such company.
        """

        def look_up(state: AccountState) -> SandboxUser | None:
            # An unknown user is a result here; an unknown company is a mistake in the test.
            try:
                return state.users.get(known(state, company), str(key))
            except RecordNotFoundError:
                return None

        return self._executor.read(look_up)

    def registered(self, login: str) -> SandboxUser | None:
        """Return who holds a login in the whole Coggno database, in an LMS or not."""
        return self._executor.read(lambda state: state.users.registered(login))

    def groups(self, company: int | None = None) -> tuple[SandboxGroup, ...]:
        """Return the groups of a company, by default of the first one.

        Raises:
            ValueError: there is no such company.
        """
        return self._executor.read(lambda state: tuple(state.groups.of(known(state, company))))

    def members(self, group: int) -> tuple[SandboxUser, ...]:
        """Return the users in a group, by the group's id; none if there is no such group."""
        return self._executor.read(lambda state: tuple(state.memberships.of(group).values()))


def known(state: AccountState, company: int | None) -> int:
    """Return the id of a company that exists, by default of the first one.

    Raises:
        ValueError: there is no such company.
    """
    if company is None:
        return ROOT
    if state.companies.get(company) is None:
        raise ValueError(f"no such company: {company}")
    return company
