"""The calls that an engine is busy with, so that closing it can end them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from attrs import define, field

from coggno._engines.failures import Sent, not_retryable
from coggno.errors import APIConnectionError, ConfigurationError

_PATIENCE: Final = 1.0  # seconds that closing waits for calls to end: they only have connections to close


@define(eq=False)
class RunningCalls:
    """Ends the calls in progress when the engine is closed, and refuses later ones."""

    is_closed: bool = False
    changed: asyncio.Event | None = None
    scopes: set[ClosableScope] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.scopes = set()

    def check_open(self) -> None:
        """Raise `ConfigurationError` if the engine is closed: a call that begins now sends nothing."""
        if self.is_closed:
            raise ConfigurationError("the client is closed; make calls inside its `async with`")

    def until_closed(self, request: Sent) -> ClosableScope:
        """Cancel what happens inside when the engine is closed.

        Raises:
            APIConnectionError: the engine was closed; the outcome says whether the request can have been sent.
        """
        return ClosableScope(self, request)

    def forget(self) -> None:
        """Forget the calls of an event loop that has ended: its tasks cannot end any more."""
        self.scopes.clear()

    async def close(self) -> None:
        """Refuse calls from now on, end those in progress, and wait until they have ended."""
        self.is_closed = True
        loop = asyncio.get_running_loop()
        for scope in self.scopes:
            # Not at once: a hook may close the client from inside a call, which is not waiting then.
            loop.call_soon(scope.strike)
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._others_have_ended()
        except TimeoutError:
            pass  # a transport of the caller's that ignores cancellation must not keep the client open

    async def _others_have_ended(self) -> None:
        # A hook may close the client from inside a call, which cannot wait for itself.
        this = asyncio.current_task()
        while any(scope.task is not this for scope in self.scopes):
            self.changed = asyncio.Event()
            await self.changed.wait()


class TaskScope:
    """A block of code that can be ended from outside.

    As `asyncio.timeout`, at a third of its cost: every attempt has two, and each piece of a stream one.
    """

    __slots__ = ("_earlier", "_is_inside", "_is_struck", "task")

    def __init__(self) -> None:
        self._is_inside = self._is_struck = False

    def __enter__(self) -> Self:
        self.task = asyncio.current_task()
        self._earlier = self.task.cancelling() if self.task is not None else 0
        self._is_inside = True
        return self

    def strike(self) -> None:
        """Cancel what happens inside, if anything still does."""
        if self._is_inside and self.task is not None:
            self._is_struck = True
            self.task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._is_inside = False
        # A cancellation by the caller would be lost if it came at the same time and were taken for ours.
        if self._is_struck and self.task is not None:
            is_ours = self.task.uncancel() <= self._earlier
            if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise self.reason() from None

    def reason(self) -> Exception:
        """Return the error that takes the place of the cancellation."""
        raise NotImplementedError


class ClosableScope(TaskScope):
    """What happens inside is cancelled when the engine is closed."""

    __slots__ = ("_calls", "_request")

    def __init__(self, calls: RunningCalls, request: Sent) -> None:
        super().__init__()
        self._calls = calls
        self._request = request

    def __enter__(self) -> Self:
        if self._calls.is_closed:  # between two pieces of a stream
            raise self.reason()
        self._calls.scopes.add(self)
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._calls.scopes.discard(self)
        if self._calls.changed is not None:
            self._calls.changed.set()
        super().__exit__(kind, error, _)

    def reason(self) -> Exception:
        message = "the client was closed during the call"
        return not_retryable(APIConnectionError(message, outcome="unknown" if self._request.sent else "not_sent"))
