"""A list item by item, while its bytes arrive. Repeated until its first item is there, and not after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, nullcontext
from typing import Any, Self, TypeAlias, TypeVar, get_args

from coggno._engines.base import EngineResponse
from coggno._engines.body import is_success, read_whole
from coggno._protocol.decode import structure
from coggno._protocol.operation import Request
from coggno._protocol.status_error import complete_decode_error
from coggno._protocol.stream import array_items
from coggno._session.attempt import Observation
from coggno._session.call import Call, begin, shorter
from coggno._session.context import CallContext
from coggno._session.hooks import traced
from coggno.errors import APIError, APITimeoutError, DecodeError, InvalidRequestError

T = TypeVar("T")
OnItemError: TypeAlias = Callable[[DecodeError], None]
"""Receives the error of an item that cannot be decoded; the stream goes on without it."""


async def iterate(
    context: CallContext, request: Request[list[T]], on_error: OnItemError | None = None
) -> AsyncGenerator[T]:
    """Send a read and yield its items as they arrive, in constant memory.

    Until the first item is there the read is repeated like any other; after that a failure is raised: what was yielded
    cannot be taken back.
    """
    if on_error is not None and not callable(on_error):
        raise InvalidRequestError("on_error must be a function that takes a DecodeError")
    call, on_new_error = begin(context, request), None if on_error is None else _once_per_item(on_error)
    around = context.around_call
    with nullcontext() if around is None else traced(call, around, is_stream=True):
        items, first = await _open(call, on_new_error)
        async with aclosing(items):
            for item in first:
                yield item
            async for item in items:
                yield item


async def _open(call: Call[Any], on_error: OnItemError | None) -> tuple[AsyncGenerator[Any], list[Any]]:
    """Send a read until its first item is there; return its items and, apart, the first of them."""
    while True:
        try:
            opened = await open_stream(call, on_error)
        except APIError as failure:
            call.failure = failure
            pause = call.next_pause()
            if pause is None:
                raise
        else:
            call.context.quota.refund(call.paid)
            return opened
        await call.pause(pause)


def _once_per_item(on_error: OnItemError) -> OnItemError:
    """Return `on_error` for a read that may be repeated: what was reported before is not reported again."""
    reported: set[int | None] = set()

    def report(error: DecodeError) -> None:
        if error.index not in reported:
            reported.add(error.index)
            on_error(error)

    return report


async def open_stream(call: Call[Any], on_error: OnItemError | None = None) -> tuple[AsyncGenerator[Any], list[Any]]:
    """Send a read once; return its items and, apart, the first of them."""
    items = _items(call, on_error)
    try:
        first = [await anext(items)]
    except StopAsyncIteration:
        first = []
    return items, first


async def _items(call: Call[Any], on_error: OnItemError | None) -> AsyncGenerator[Any]:
    (kind,) = get_args(call.operation.returns)
    config = call.context.config
    strict = config.decoding == "strict"
    async with Observation(call) as observation:
        if observation.on_request is not None:
            await observation.announce(observation.on_request)
        async with AsyncExitStack() as stack:
            opening = call.context.engine.stream(call.prepared, config.timeout)
            with call.within_limit():
                response = await stack.enter_async_context(opening)
            observation.receive(response.status, response.headers)
            limited = _LimitedChunks(
                response.chunks(), shorter(config.timeout.item, config.timeout.total), call.time_left()
            )
            if not is_success(response.status):
                with call.within_limit():
                    content = await read_whole(response, config.max_response_bytes)
                call.raise_for_status(EngineResponse(status=response.status, headers=response.headers, content=content))
            number = 0
            async for data in array_items(limited, call.operation, strict=strict):
                try:
                    item = structure(call.operation, data, kind, f"$[{number}]", strict=strict)
                except DecodeError as error:
                    complete_decode_error(error, response.status, response.headers, data, call.secrets())
                    if on_error is None:
                        raise
                    observation.call_hook(on_error, error)
                else:
                    limited.leave()
                    yield item
                    limited.resume()
                number += 1


class _LimitedChunks:
    """The chunks of a stream, within the time that the next item and the call may take.

    What the consumer does between two items is the consumer's time. Everything else counts, parsing included: a server
    that sends white space at full speed would hold the call for ever.
    """

    def __init__(self, chunks: AsyncIterator[bytes], per_item: float | None, time_left: float | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks = chunks
        self._per_item = per_item
        now = self._loop.time()
        self._item_end = None if per_item is None else now + per_item
        self._end = None if time_left is None else now + time_left
        self._left_at = now

    def leave(self) -> None:
        """Note that the consumer has an item now."""
        self._left_at = self._loop.time()

    def resume(self) -> None:
        """Note that the consumer wants the next item, which has its own time."""
        now = self._loop.time()
        self._item_end = None if self._per_item is None else now + self._per_item
        self._end = None if self._end is None else self._end + now - self._left_at

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)  # other tasks go on, however fast the server sends
        end = shorter(self._item_end, self._end)
        if end is None:
            return await anext(self._chunks)
        try:
            async with asyncio.timeout_at(end):
                if end <= self._loop.time():
                    # A chunk that is there already would be returned before the timeout could strike.
                    raise TimeoutError  # noqa: TRY301 - as asyncio.timeout_at does
                return await anext(self._chunks)
        except TimeoutError as error:
            raise APITimeoutError(
                "no further item in time (Timeout.item, Timeout.total, deadline)", outcome="unknown"
            ) from error
