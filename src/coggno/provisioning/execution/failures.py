"""Whose fault a failure is: the row's own, or one that waiting can cure. Pure."""

from __future__ import annotations

from coggno.errors import (
    APIError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)


class OutageError(Exception):
    """A 404 that says nothing about what was asked for: a proxy's page, or the API is not there at all."""


class NotVisibleYetError(Exception):
    """A user that a request of ours has probably created, and that reads do not show yet."""


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
    if isinstance(error, RateLimitError | NotVisibleYetError):
        return False
    return is_curable(error) or not isinstance(error, APIError)


def is_key_refused(error: Exception) -> bool:
    """Return whether the API refuses the key."""
    return isinstance(error, AuthenticationError | PermissionDeniedError)


def is_page(missing: NotFoundError) -> bool:
    """Return whether a 404 is a proxy's page."""
    return isinstance(missing.body, str) and missing.body.lstrip().startswith("<")


def reason_of(error: Exception) -> str:
    """Return what happened, in words that quote nothing of what was sent."""
    if isinstance(error, APIError):
        return error.message + (f" (after {error.attempts} attempts)" if error.attempts > 1 else "")
    if type(error).__module__.startswith("coggno."):
        return str(error)
    # The text of a foreign error may quote what was sent, passwords included.
    return f"unexpected {type(error).__name__}"
