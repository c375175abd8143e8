"""What a person can do about rows that are not as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ADVICE: Final[Mapping[str, str]] = {
    "invalid": "Correct the fields that are named, and run the rows again.",
    "refused": "Read the detail: rows contradict each other, or Coggno refuses what they ask for. Correct them.",
    "in conflict": (
        "The login belongs to somebody with another name. If it is the same person, change the name in Coggno or in "
        "the roster; if not, give the row another login."
    ),
    "registered elsewhere": (
        "Coggno knows the login, but not in this company: the person belongs to another company, or was deleted here "
        "earlier. Give the row another login."
    ),
    "failed": "Read the detail: Coggno has rejected these rows. Correct them or the cause, and run them again.",
    "unknown": "Run the same roster again: it finds out what happened, and does nothing twice.",
    "not attempted": "Run the same roster again: it continues where this run has stopped.",
}


def advice_for(label: str) -> str:
    """Return what to do about rows with an outcome, by its label; empty if there is nothing to say."""
    return _ADVICE.get(label, "")
