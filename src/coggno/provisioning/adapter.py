"""Gives a client that only has `send` the method `call`. To be removed when every client has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, cast

from attrs import define, field

from coggno._client import Client
from coggno._session.exchange import Exchange
from coggno.errors import APIError
from coggno.provisioning.client import CallingClient

_current: ContextVar[_Watch | None]


@define
class _Watch:
    attempts: int = 0
    doubts: set[str] = field(factory=set[str])


@define
class _Result:
    value: Any
    attempts: int
    settled: bool


_current = ContextVar("coggno_watch", default=None)


def with_call(client: Any) -> CallingClient:
    """Return the client itself if it has `call`, or one that has."""
    return cast("CallingClient", client if hasattr(client, "call") else _Adapter(client))


class _Adapter:
    def __init__(self, client: Client) -> None:
        theirs = client._session.on_exchange  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

        def watch(exchange: Exchange) -> None:
            current = _current.get()
            if current is not None:
                current.attempts += 1
                if exchange.method != "GET" and exchange.outcome == "unknown":
                    current.doubts.add(exchange.operation)
                elif exchange.method != "GET" and exchange.outcome == "done":
                    current.doubts.discard(exchange.operation)
            if theirs is not None:
                theirs(exchange)

        self._client = client.with_options(on_exchange=watch)
        self.users = self._client.users
        self.groups = self._client.groups

    async def call(self, operation: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> _Result:
        current = _Watch()
        token = _current.set(current)
        try:
            value = await operation(self._client.send, *args, **kwargs)
        except APIError as error:
            if current.doubts:
                error.outcome = "unknown"
            raise
        finally:
            _current.reset(token)
        return _Result(value, current.attempts, bool(current.doubts))
