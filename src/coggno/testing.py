"""For the tests of programs that use the client: pauses between attempts are skipped, and attempts limited. Leaf."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from types import TracebackType

from attrs import define, evolve

__all__ = ["is_testing", "set_testing", "skipping_pauses"]


@define
class _State:
    """Whether pauses are skipped, at most how many attempts a call has, and how many seconds were skipped so far."""

    is_active: bool = False
    attempts: int | None = None
    skipped: float = 0.0


_state = _State()


class _Testing(AbstractContextManager[None]):
    """What `set_testing` returns: at the end of a `with` block everything is as before."""

    def __init__(self, before: _State) -> None:
        self._before = before

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _state.is_active, _state.attempts = self._before.is_active, self._before.attempts


def set_testing(testing: bool, *, attempts: int | None = None) -> AbstractContextManager[None]:  # noqa: FBT001 - as in stamina
    """Skip all pauses of all clients in this process, or stop skipping them.

    Pauses between attempts, between the checks of a lost write, and those of `provision` take no time then. For time
    limits such as `deadline` and `patience` they count as if they had passed, so that these can be tested, too. Limits
    of one attempt (`Timeout`) are real time as ever.

    ```python
    with coggno.testing.set_testing(True, attempts=2):
        ...
    ```

    Args:
        testing: whether to skip pauses.
        attempts: how often a call may be tried at most, however high `max_retries` is; `None` for no such limit.

    Returns:
        A context manager, which restores what was set before; without `with`, the setting stays.

    Raises:
        ValueError: `attempts` is not a whole number from 1 on.
    """
    if attempts is not None and (type(attempts) is not int or attempts < 1):
        raise ValueError("attempts must be a whole number from 1 on, or None")
    before = evolve(_state)
    _state.is_active, _state.attempts = testing, attempts if testing else None
    return _Testing(before)


def skipping_pauses() -> AbstractContextManager[None]:
    """Skip all pauses in a `with` block; a limit of attempts that was set before stays."""
    return set_testing(True, attempts=_state.attempts)


def is_testing() -> bool:
    """Return whether pauses are skipped."""
    return _state.is_active


def clock() -> float:
    """Return seconds that only grow: those of `time.monotonic`, and the pauses that were skipped."""
    return time.monotonic() + _state.skipped


async def sleep(seconds: float) -> None:
    """Wait for so many seconds of `clock`, or skip them."""
    if not _state.is_active:
        await asyncio.sleep(seconds)
        return
    end = clock() + seconds
    await asyncio.sleep(0)  # pauses that begin together end together, instead of adding up
    _state.skipped += max(0.0, end - clock())


def limited_retries(max_retries: int) -> int:
    """Return how many attempts may follow the first."""
    return max_retries if _state.attempts is None else min(max_retries, _state.attempts - 1)
