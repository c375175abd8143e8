"""One call from beginning to end: sending, retries, and finding out what became of a write."""

from __future__ import annotations

from coggno._session.exchange import Exchange, OnExchange, Response
from coggno._session.retry import Backoff
from coggno._session.session import Session

__all__ = ["Backoff", "Exchange", "OnExchange", "Response", "Session"]
