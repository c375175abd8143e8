"""The one point through which requests leave."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any, TypeVar

from attrs import frozen

from coggno._engines.base import EngineResponse
from coggno._protocol.masking import LazyHeaders, mask_headers
from coggno._protocol.operation import Request
from coggno._protocol.values import secrets
from coggno._session import send_loop, stream_loop
from coggno._session.context import CallContext
from coggno._session.exchange import Response
from coggno._session.stream_loop import OnItemError

T = TypeVar("T")


@frozen(kw_only=True)
class Session(CallContext):
    """Implements `Send`. Copies made with `attrs.evolve` share the engine, the retry quota and the locks."""

    async def __call__(self, request: Request[T], /) -> T:
        """Send `request`, again where that is safe, and return the decoded response; see `AsyncCoggno.send`."""
        return (await send_loop.send(self, request)).value

    async def respond(self, request: Request[T]) -> Response[T]:
        """Send `request` as `__call__` does, and return the value with all that is known of the call."""
        reply = await send_loop.send(self, request)
        received = reply.received
        return Response(
            value=reply.value,
            status=received.status if received else None,
            headers=LazyHeaders(partial(self._shown, received, request)) if received else {},
            content=received.content if received else b"",
            attempts=reply.call.attempts,
            requests=reply.call.requests,
            waits=tuple(reply.call.waits),
            settled=received is None,
        )

    def _shown(self, received: EngineResponse, request: Request[Any]) -> dict[str, str]:
        return mask_headers(received.headers, secrets(request), client_secrets=self.config.secrets)

    def iterate(self, request: Request[list[T]], on_error: OnItemError | None = None) -> AsyncGenerator[T]:
        """Send a read and yield its items as they arrive, in constant memory; see `stream_loop.iterate`."""
        return stream_loop.iterate(self, request, on_error)
