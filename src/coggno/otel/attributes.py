"""Names of attributes: those of the semantic conventions for HTTP clients, and our own below `coggno.`."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from coggno._session import CallTrace, Exchange
from coggno.errors import CoggnoError

METHOD: Final = "http.request.method"
RESEND_COUNT: Final = "http.request.resend_count"
STATUS: Final = "http.response.status_code"
TEMPLATE: Final = "url.template"
SERVER: Final = "server.address"
PORT: Final = "server.port"
ERROR: Final = "error.type"
CONNECTION_STATE: Final = "http.connection.state"
OPERATION: Final = "coggno.operation"
OUTCOME: Final = "coggno.outcome"
COMPANY: Final = "coggno.lms"
CHECK_OF: Final = "coggno.check_of"
ATTEMPTS: Final = "coggno.attempts"
REQUESTS: Final = "coggno.requests"
SETTLED: Final = "coggno.settled"
ROW_OUTCOME: Final = "coggno.row.outcome"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@lru_cache(maxsize=256)  # there are 18 templates, and few addresses
def server_attributes(url: str) -> tuple[tuple[str, str | int], ...]:
    """Return the attributes that name the server of an address."""
    parts = urlsplit(url)
    return (SERVER, parts.hostname or ""), (PORT, parts.port or _DEFAULT_PORTS.get(parts.scheme, 0))


def error_type(exchange: Exchange) -> str | None:
    """Return the status of a failed attempt, or the class of its error; None if it has not failed."""
    if exchange.outcome == "done":
        return None
    # The conventions ask for the status first: a class is what is left when no response came.
    return str(exchange.status) if exchange.status is not None and exchange.status >= 400 else exchange.failure


def outcome_of(call: CallTrace, error: BaseException | None) -> str:
    """Return the outcome of a call that ended with an error, or without one."""
    # A caller that leaves a loop over `iter()` has what it wanted.
    if error is None or (call.is_stream and isinstance(error, GeneratorExit)):
        return "done"
    return getattr(error, "outcome", "unknown") if isinstance(error, CoggnoError) else "unknown"
