"""The caller's functions that are called before and after every attempt. Nothing that they do changes a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeAlias

from attrs import evolve

from coggno._config import header_problem
from coggno._engines.base import EngineRequest
from coggno._session.call import Call, logger
from coggno._session.context import replace_headers
from coggno._session.exchange import AroundCall, Attempt, CallTrace, OnRequest

Hook: TypeAlias = Callable[[Any], Any]


async def call_hook(name: str, hook: Hook, value: Any) -> None:
    """Call a hook, await it if it is asynchronous, and log what it raises."""
    try:
        result = hook(value)
        if result is not None and inspect.isawaitable(result):
            await result
    except Exception:  # noqa: BLE001 - the hook is not ours
        # A metric that cannot be written must not change what is known of a write.
        logger.exception("%s raised an exception", name)


class traced:  # noqa: N801 - reads as a function
    """Wrap a call in what `around_call` returns, and fill in what came of it.

    A class: a generator with `contextmanager` would cost a fast call another percent.
    """

    __slots__ = ("_around", "_call")

    def __init__(self, call: Call[Any], around: AroundCall, *, is_stream: bool = False) -> None:
        config, operation = call.context.config, call.operation
        call.trace = CallTrace(
            operation=operation.id,
            method=operation.method,
            path=operation.path,
            url=config.base_url + operation.path,
            lms=config.lms,
            is_stream=is_stream,
        )
        self._call = call
        self._around = around(call.trace)

    def __enter__(self) -> None:
        self._around.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        call = self._call
        if call.trace is not None:
            call.trace.attempts, call.trace.requests = call.attempts, call.requests
        return self._around.__exit__(kind, error, traceback)


def both(
    name: str, one: Callable[[Any], Any] | None, other: Callable[[Any], Any] | None
) -> Callable[[Any], Any] | None:
    """Return a hook that calls two, in this order."""
    if one is None or other is None:
        return one or other

    async def hook(value: Any) -> None:
        await call_hook(name, one, value)
        await call_hook(name, other, value)

    return hook


async def announce(call: Call[Any], hook: OnRequest) -> Attempt:
    """Call `on_request`, and add the headers that it has put into the `Attempt` to what is sent."""
    config = call.context.config
    attempt = Attempt(
        operation=call.operation.id,
        method=call.operation.method,
        path=call.operation.path,
        url=config.base_url + call.operation.path,
        attempt=call.attempts,
        check_of=call.check_of,
        lms=config.lms,
        call=call.trace,
    )
    call.prepared.sent = False  # a cancellation while the hook waits is no doubt
    await call_hook("on_request", hook, attempt)
    call.prepared = _with_headers(call.prepared, attempt.headers)
    return attempt


def _with_headers(request: EngineRequest, given: dict[str, str]) -> EngineRequest:
    accepted: list[tuple[str, str]] = []
    for name, value in given.items():
        problem = header_problem(name, value)
        if problem is None:
            accepted.append((name, value))
        else:
            logger.error("on_request has added a header that is left out: %s", problem)
    headers = dict(request.headers)
    replace_headers(headers, accepted)
    return evolve(request, headers=headers)
