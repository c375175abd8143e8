"""Rows that can be read once only, a window at a time: no more are read until the results of these are taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

_ROWS: Final = 1_000  # of a window: enough that its slow end does not count, few enough to keep in memory
_PAUSE: Final = 0.2  # seconds without a new row, after which a window is begun with the rows that are there
_END: Final[Mapping[str, Any]] = {}
OnceOnly: TypeAlias = "AsyncIterable[Mapping[str, Any]] | Iterable[Mapping[str, Any]]"


async def windows_of(rows: OnceOnly) -> AsyncGenerator[Sequence[Mapping[str, Any]]]:
    """Yield rows in windows of up to 1,000; fewer where the source pauses.

    Args:
        rows: what is read. If it raises, the rows before that are yielded first: they may exist nowhere else.
    """
    source = aiter(rows if isinstance(rows, AsyncIterable) else _as_async(rows))
    window: list[Mapping[str, Any]] = []
    upcoming: asyncio.Task[Mapping[str, Any]] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(_next(source))
            # Not `wait_for`: it would cancel the read, and with it the source.
            done, _ = await asyncio.wait({upcoming}, timeout=_PAUSE if window else None)
            if done:
                if upcoming.exception() is not None or upcoming.result() is _END:
                    break
                window.append(upcoming.result())
                upcoming = None
            if not done or len(window) == _ROWS:
                yield window
                window = []
        if window:
            yield window
        upcoming.result()  # raises what the source has raised
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)


async def _next(source: AsyncIterator[Mapping[str, Any]]) -> Mapping[str, Any]:
    return await anext(source, _END)


async def _as_async(rows: Iterable[Mapping[str, Any]]) -> AsyncGenerator[Mapping[str, Any]]:
    for row in rows:
        yield row
