"""What the client's exchanges tell of a row: every request counted, every write in doubt noted."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from coggno._session.exchange import Exchange, OnExchange
from coggno.provisioning.pace import RateLimiter

if TYPE_CHECKING:
    from coggno._client import Client

_doubts: ContextVar[set[str] | None] = ContextVar("coggno_doubts", default=None)


@contextmanager
def noting(doubts: set[str]) -> Generator[None]:
    """Let `doubts` hold, as long as the context lasts, the writes of this task that may have happened unseen.

    A write comes in with an attempt whose outcome is unknown, and goes out with one that was answered. What is in it
    after the call has succeeded was found by looking.
    """
    token = _doubts.set(doubts)
    try:
        yield
    finally:
        _doubts.reset(token)


def watched(coggno: Client, pace: RateLimiter) -> Client:
    """Return a copy of the client whose exchanges are counted by `pace` and noted by `noting`."""
    theirs: OnExchange | None = coggno._session.on_exchange  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def watch(exchange: Exchange) -> None:
        pace.saw_request()
        doubts = _doubts.get()
        if doubts is not None and exchange.method != "GET":
            if exchange.outcome == "unknown":
                doubts.add(exchange.operation)
            elif exchange.outcome == "done":
                doubts.discard(exchange.operation)
        if theirs is not None:
            theirs(exchange)

    return coggno.with_options(on_exchange=watch)
