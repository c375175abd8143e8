"""The log of committed changes. Tests compare a client with it, so it is exact: one entry per change, in order."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class Effect:
    """One committed change of state. Secrets of the request are never part of it."""

    seq: int
    """1, 2, 3, ... in the order of the commits."""
    operation: str
    """The operation that made the change, by its id: `createUser`."""
    company: int
    """The company in which the change was made."""
    at: float
    """Time of the commit, in seconds of the sandbox's clock."""
    late: bool = False
    """Whether it was committed after the response to its request."""
    user: int | None = None
    login: str | None = None
    group: int | None = None
    name: str | None = None
    """Name of the group or company that was created or deleted."""
    connected: int | None = None
    """Id of the company that was created."""


class Commit(Protocol):
    """Records a change that was just made; `Effect` explains the arguments."""

    def __call__(
        self,
        *,
        user: int | None = None,
        login: str | None = None,
        group: int | None = None,
        name: str | None = None,
        connected: int | None = None,
    ) -> None: ...


class EffectLog:
    """Effects in the order of their commits."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def __len__(self) -> int:
        return len(self._effects)

    def all(self) -> tuple[Effect, ...]:
        """Return every effect."""
        # A copy: a test keeps what it got while requests go on.
        return tuple(self._effects)

    def recorder(self, operation: str, company: int, *, at: float, late: bool) -> Commit:
        """Return what records the changes that one request makes."""

        # A closure, so that a handler states only what it changed, and cannot get the operation or the time wrong.
        def commit(
            *,
            user: int | None = None,
            login: str | None = None,
            group: int | None = None,
            name: str | None = None,
            connected: int | None = None,
        ) -> None:
            self._effects.append(
                Effect(
                    seq=len(self._effects) + 1,
                    operation=operation,
                    company=company,
                    at=at,
                    late=late,
                    user=user,
                    login=login,
                    group=group,
                    name=name,
                    connected=connected,
                )
            )

        return commit


def record_nothing(
    *,
    user: int | None = None,
    login: str | None = None,
    group: int | None = None,
    name: str | None = None,
    connected: int | None = None,
) -> None:
    """Record no effect: for a change that is only repeated on a copy of the state."""
