"""One call from beginning to end: sending, retries, and finding out what became of a write."""

from __future__ import annotations

from coggno._session.exchange import Exchange, OnExchange, Response
from coggno._session.retry import Backoff
from coggno._session.session import Session
from coggno._session.stream_loop import OnItemError

__all__ = ["Backoff", "Exchange", "OnExchange", "OnItemError", "Response", "Session"]
