"""One row of the report: a user, a document, and how far the user is with it."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable

from attrs import frozen

from coggno.models import DocumentLicense


class CompletionState(enum.StrEnum):
    """How far a user is with a document; in the order in which reports show them, people who have to act first."""

    NOT_STARTED = "not started"
    """There is a license, and the training was not begun."""
    NOT_PASSED = "not passed"
    """The training was completed, and not passed."""
    IN_PROGRESS = "in progress"
    """The training was begun, and not completed."""
    PASSED = "passed"
    """The training was passed."""
    NO_LICENSE = "no license"
    """The user has no license for the document."""


@frozen(kw_only=True)
class CompletionRow:
    """A user and a document.

    Attributes:
        document_id: the document's id.
        document: its title.
        user_id: the user's id.
        login: the user's login.
        first_name: first name.
        last_name: last name.
        groups: names of the user's groups, of those that the report is about.
        state: how far the user is.
        status: the status as the API has it; `None` without a license.
        score: the score, on a scale that the API does not document.
        passed: whether the training was passed.
        start_date: the day on which the training was started.
        complete_date: the day on which it was completed.
    """

    document_id: int
    document: str
    user_id: int
    login: str
    first_name: str
    last_name: str
    groups: tuple[str, ...]
    state: CompletionState
    status: str | None = None
    score: float | None = None
    passed: bool = False
    start_date: dt.date | None = None
    complete_date: dt.date | None = None


def state_of(license_: DocumentLicense) -> CompletionState:
    """Return how far the holder of a license is.

    The API documents one value of `status`, `not started`; so the other fields decide wherever they can.
    """
    if license_.passed:
        return CompletionState.PASSED
    if license_.complete_date is not None:
        return CompletionState.NOT_PASSED
    is_begun = license_.start_date is not None or license_.status != "not started"
    return CompletionState.IN_PROGRESS if is_begun else CompletionState.NOT_STARTED


def best_license(licenses: Iterable[DocumentLicense]) -> DocumentLicense:
    """Return the license that counts where a user has several for one document: the one that got furthest."""
    return max(licenses, key=_rank)


_PROGRESS = (
    CompletionState.NOT_STARTED,
    CompletionState.IN_PROGRESS,
    CompletionState.NOT_PASSED,
    CompletionState.PASSED,
)


def _rank(license_: DocumentLicense) -> tuple[int, float]:
    # Read tolerantly, a score may be missing or be of another type.
    score = license_.score if isinstance(license_.score, int | float) else 0.0
    return _PROGRESS.index(state_of(license_)), score
