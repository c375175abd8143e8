"""Carries out what requests ask for, one at a time, and records what it changed. No I/O."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

from coggno.sandbox.clock import Clock
from coggno.sandbox.state import AccountState, StateError

from .effects import Commit, Effect, EffectLog
from .late_commits import LateCommits
from .read_replica import ReadDelay, ReadReplica

T = TypeVar("T")


class StateChange(Protocol):
    """A call that reads or changes the state."""

    @property
    def operation_id(self) -> str:
        """The operation that is called: `createUser`."""
        ...

    @property
    def writes(self) -> bool:
        """Whether it may change the state."""
        ...

    @property
    def company(self) -> int:
        """The company that the call acts as."""
        ...

    def check_named(self, state: AccountState) -> None:
        """Raise `RecordNotFoundError` if the user that a write names is not in `state`."""
        ...

    def run(self, state: AccountState, commit: Commit) -> Any:
        """Carry it out and return the JSON of the response."""
        ...


class Executor:
    """The state, and the only way to it.

    Args:
        state: what requests read and change.
        clock: the time.
    """

    def __init__(self, state: AccountState, clock: Clock) -> None:
        # Reentrant, and held for every step: a test in one thread may read while a server in another writes.
        self._lock = threading.RLock()
        self._state = state
        self._clock = clock
        self._effects = EffectLog()
        self._late: LateCommits[StateChange] = LateCommits()
        self._replica = ReadReplica(state)
        self._received = 0
        self._seeded = 0

    def receive(self) -> None:
        """Count a request, after making the late commits that it must see."""
        with self._lock:
            self._commit_due()
            self._received += 1

    def perform(self, change: StateChange, *, delay: ReadDelay | None = None) -> Any:
        """Carry a call out and return the JSON of its response.

        Args:
            change: the call.
            delay: how long reads do not see what it changes.

        Raises:
            StateError: it is not possible, and nothing was changed.
        """
        with self._lock:
            now = self._clock.now()
            if change.writes:
                # A server with a replica reads the user there as well: right after a create, adding fails.
                unseen = self._replica.lagging_state(now)
                if unseen is not None:
                    change.check_named(unseen)
                return self._write(change, now, delay=delay)
            return change.run(self._replica.state_for_read(now), self._recorder(change, now))

    def postpone(self, change: StateChange, *, seconds: float, requests: int | None) -> None:
        """Carry a call out after `seconds`, or once `requests` more requests were received, if that is set."""
        with self._lock:
            request = None if requests is None else self._received + requests
            self._late.add(change, at=self._clock.now() + seconds, request=request)

    def commit_late(self) -> int:
        """Make all late commits now, due or not; return how many changes they made."""
        with self._lock:
            before = len(self._effects)
            self._commit(self._late.take_all(self._clock.now()))
            return len(self._effects) - before

    def effects(self) -> tuple[Effect, ...]:
        """Return every change that requests committed."""
        return self.read(lambda _: self._effects.all())

    def pending(self) -> int:
        """Return how many late commits are still to come."""
        return self.read(lambda _: len(self._late))

    @property
    def changes(self) -> int:
        """How often the state was changed so far, by requests and by seeds."""
        return len(self._effects) + self._seeded

    def replace(self, state: AccountState) -> None:
        """Use another state from now on. Late commits and writes that reads do not see yet belong to the old one."""
        with self._lock:
            self._state = state
            self._replica = ReadReplica(state)
            self._late = LateCommits()
            self._seeded += 1

    def peek(self, look_up: Callable[[AccountState], T]) -> T:
        """Return what `look_up` finds in the state, before any late commit that a later request is to see."""
        with self._lock:
            return look_up(self._state)

    def read(self, look_up: Callable[[AccountState], T]) -> T:
        """Return what `look_up` finds in the state, after the late commits that are due; no lag hides anything."""
        with self._lock:
            self._commit_due()
            return look_up(self._state)

    @contextmanager
    def seeding(self) -> Generator[AccountState]:
        """Let the block change the state without a request, hence without an effect.

        Raises:
            ValueError: a change in the block is not possible.
        """
        with self._lock:
            # A seed is there from the beginning: no read may miss it, and the copy would not know it.
            self._replica.reset()
            self._seeded += 1
            try:
                yield self._state
            except StateError as exc:
                raise ValueError(exc.message) from exc

    def _write(self, change: StateChange, at: float, *, late: bool = False, delay: ReadDelay | None = None) -> Any:
        self._replica.prepare(delay)
        response = change.run(self._state, self._recorder(change, at, late=late))
        self._replica.follow(change, delay, at)
        return response

    def _commit_due(self) -> None:
        # Checked first: this runs for every request, and there rarely is a late commit.
        if len(self._late):
            self._commit(self._late.take_due(self._clock.now(), self._received))

    def _commit(self, changes: list[tuple[float, StateChange]]) -> None:
        for at, change in changes:
            # The response was sent long ago: nobody is left to receive an error.
            with suppress(StateError):
                self._write(change, at, late=True)

    def _recorder(self, change: StateChange, at: float, *, late: bool = False) -> Commit:
        return self._effects.recorder(change.operation_id, change.company, at=at, late=late)
