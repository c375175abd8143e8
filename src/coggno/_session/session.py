"""The one send point."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from attrs import frozen

from coggno._protocol.operation import Request
from coggno._session.call import Call
from coggno._session.context import Context
from coggno._session.recovery import recover, repeat
from coggno.errors import APIError

T = TypeVar("T")


@frozen(kw_only=True)
class Session(Context):
    """Implements `Send`. Copies made with `attrs.evolve` share the engine, the retry quota and the locks."""

    async def __call__(self, request: Request[T], /) -> T:
        """Send `request`, again where that is safe, and return the decoded answer; see `AsyncCoggno.send`."""
        call = Call(self, request, self.prepare(request))
        try:
            answer = await call.attempt()
        except APIError as failure:
            if not call.may_go_on(failure):
                raise
            answer = await recover(call, failure)
        self.quota.refund()
        return answer

    async def iterate(self, request: Request[list[T]]) -> AsyncGenerator[T]:
        """Send a read and yield its items as they arrive, in constant memory.

        Until the first item is there the read is repeated like any other; after that a failure is raised: what was
        yielded cannot be taken back.
        """
        call = Call(self, request, self.prepare(request))
        try:
            items, first = await call.open_stream()
        except APIError as failure:
            if not call.may_go_on(failure):
                raise
            items, first = await repeat(call, failure, call.open_stream)
        async with aclosing(items):
            for item in first:
                yield item
            async for item in items:
                yield item
