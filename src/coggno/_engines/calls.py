"""The calls that an engine is busy with, so that closing it can end them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from attrs import define, field

from coggno._engines.failures import not_retryable
from coggno.errors import APIConnectionError, ConfigurationError

_PATIENCE: Final = 1.0  # seconds that closing waits for calls to end: they only have connections to close


class Sent(Protocol):
    """A request that knows whether it was sent."""

    sent: bool


@define(eq=False)
class RunningCalls:
    """Ends the calls in progress when the engine is closed, and refuses later ones."""

    is_closed: bool = False
    _scopes: dict[asyncio.Timeout, asyncio.Task[object] | None] = field(
        factory=dict[asyncio.Timeout, asyncio.Task[object] | None]
    )
    _changed: asyncio.Event | None = None

    def check_open(self) -> None:
        """Raise `ConfigurationError` if the engine is closed: a call that begins now sends nothing."""
        if self.is_closed:
            raise ConfigurationError("the client is closed; make calls inside its `async with`")

    @asynccontextmanager
    async def until_closed(self, request: Sent) -> AsyncGenerator[None]:
        """Cancel what happens inside when the engine is closed.

        Raises:
            APIConnectionError: the engine was closed; the outcome says whether the request can have been sent.
        """
        if self.is_closed:  # between two pieces of a stream
            raise _closed_during(request)
        # A timeout without a limit, which closing moves to now. asyncio distinguishes it from a cancellation by the
        # caller, which would otherwise be lost when both happen at once.
        scope = asyncio.timeout(None)
        self._scopes[scope] = asyncio.current_task()
        try:
            async with scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
            raise _closed_during(request) from None
        finally:
            self._scopes.pop(scope, None)
            if self._changed is not None:
                self._changed.set()

    def forget(self) -> None:
        """Forget the calls of an event loop that has ended: its tasks cannot end any more."""
        self._scopes.clear()

    async def close(self) -> None:
        """Refuse calls from now on, end those in progress, and wait until they have ended."""
        self.is_closed = True
        loop = asyncio.get_running_loop()
        for scope in self._scopes:
            scope.reschedule(loop.time())
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._others_have_ended()
        except TimeoutError:
            pass  # a transport of the caller's that ignores cancellation must not keep the client open

    async def _others_have_ended(self) -> None:
        # A hook may close the client from inside a call, which cannot wait for itself.
        this = asyncio.current_task()
        while any(task is not this for task in self._scopes.values()):
            self._changed = asyncio.Event()
            await self._changed.wait()


def _closed_during(request: Sent) -> APIConnectionError:
    message = "the client was closed during the call"
    return not_retryable(APIConnectionError(message, outcome="unknown" if request.sent else "not_sent"))
