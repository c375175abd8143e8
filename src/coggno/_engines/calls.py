"""The calls that an engine is busy with, so that closing it can end them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

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


class ClosableScope:
    """What happens inside is cancelled when the engine is closed.

    Works as `asyncio.timeout` does, at a fifth of its cost: every attempt has one, and each piece of a stream.
    """

    __slots__ = ("_calls", "_earlier", "_is_struck", "_request", "task")

    def __init__(self, calls: RunningCalls, request: Sent) -> None:
        self._calls = calls
        self._request = request
        self._is_struck = False

    def __enter__(self) -> None:
        if self._calls.is_closed:  # between two pieces of a stream
            raise _closed_during(self._request)
        self.task = asyncio.current_task()
        self._earlier = self.task.cancelling() if self.task is not None else 0
        self._calls.scopes.add(self)

    def strike(self) -> None:
        """Cancel the task, if it is still inside."""
        if self in self._calls.scopes and self.task is not None:
            self._is_struck = True
            self.task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._calls.scopes.discard(self)
        if self._calls.changed is not None:
            self._calls.changed.set()
        # A cancellation by the caller would be lost if it came at the same time and were not told apart.
        if self._is_struck and self.task is not None:
            is_ours = self.task.uncancel() <= self._earlier
            if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise _closed_during(self._request) from None


def _closed_during(request: Sent) -> APIConnectionError:
    message = "the client was closed during the call"
    return not_retryable(APIConnectionError(message, outcome="unknown" if request.sent else "not_sent"))
