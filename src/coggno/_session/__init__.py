"""One call from beginning to end: sending, retries, and finding out what became of a write."""

from __future__ import annotations

from coggno._session.exchange import AroundCall, Attempt, CallTrace, Exchange, OnExchange, OnRequest, Response
from coggno._session.retry import Backoff
from coggno._session.session import Session
from coggno._session.stream_loop import OnItemError

__all__ = [
    "AroundCall",
    "Attempt",
    "Backoff",
    "CallTrace",
    "Exchange",
    "OnExchange",
    "OnItemError",
    "OnRequest",
    "Response",
    "Session",
]
