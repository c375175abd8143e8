"""Whose fault a failure is: the row's own, or one that waiting can cure. Pure."""

from __future__ import annotations

from typing import Final

from coggno.errors import (
    APIError,
    APITimeoutError,
    AuthenticationError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
)
from coggno.provisioning.requests.stop_signal import HeldError

_GATEWAY_TIMEOUTS: Final = frozenset({408, 499, 504})


class OutageError(Exception):
    """A 404 that says nothing about what was asked for: a proxy's page, or the API is not there at all."""


class NotVisibleYetError(Exception):
    """What a request of ours has probably done, and reads do not show yet.

    Attributes:
        pause: seconds after which to check again; `None` where it makes no difference.
        is_expected: whether it says nothing about the row: the time that a server may take is not over yet.
    """

    def __init__(self, message: str, *, pause: float | None = None, is_expected: bool = False) -> None:
        super().__init__(message)
        self.pause = pause
        self.is_expected = is_expected


def is_curable(error: Exception) -> bool:
    """Return whether a request may well succeed when it is sent again later."""
    if isinstance(error, OutageError | NotVisibleYetError):
        return True
    if not isinstance(error, APIError) or is_key_refused(error):
        return False
    # A refused certificate, for example, stays refused: nobody should wait for it until the patience ends.
    if not error.retryable:
        return False
    return isinstance(error, RateLimitError) or error.outcome != "rejected"


def is_outage(error: Exception) -> bool:
    """Return whether a failure suggests that the API does not work at all."""
    # An error that is none of the API is a defect somewhere, which the next rows may well hit too.
    if isinstance(error, RateLimitError | NotVisibleYetError | HeldError):
        return False
    return is_curable(error) or not isinstance(error, APIError)


def is_maybe_in_progress(error: APIError) -> bool:
    """Return whether the server may still be carrying out a request that it has not responded to.

    After a timeout, of ours or of a gateway, it often is. A broken connection or another error ends its work.
    """
    # A write that a check could not settle carries the failure of its request as the cause.
    for failure in (error, error.__cause__):
        if isinstance(failure, APITimeoutError) or getattr(failure, "status_code", None) in _GATEWAY_TIMEOUTS:
            return True
    return False


def is_key_refused(error: Exception) -> bool:
    """Return whether the API refuses the key."""
    return isinstance(error, AuthenticationError | PermissionDeniedError)


def reason_of(error: Exception) -> str:
    """Return what happened, in words that quote nothing of what was sent."""
    if isinstance(error, OutcomeUnknownError) and not error.candidates and isinstance(error.__cause__, APIError):
        # That the outcome is not known is the result of a row; why is what the request itself ended with.
        error = error.__cause__
    if isinstance(error, APIError):
        return error.message + (f" (after {error.attempts} attempts)" if error.attempts > 1 else "")
    if type(error).__module__.startswith("coggno."):
        return str(error)
    # The text of a foreign error may quote what was sent, passwords included.
    return f"unexpected {type(error).__name__}"
