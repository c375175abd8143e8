"""Invented people: a name, an e-mail address that is also the login, and how diligent they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Final
from unicodedata import normalize

from attrs import frozen

from .words import FIRST_NAMES, LAST_NAMES

# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN: Final = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "đ": "d"})
_NOT_IN_ADDRESS: Final = re.compile("[^a-z]")


@frozen
class SamplePerson:
    """Somebody who does not exist."""

    first_name: str
    last_name: str
    email: str
    """At `example.com`, which belongs to nobody; also the login."""
    diligence: float
    """From 0 (finishes nothing) to 1 (finishes everything that is usual in their department)."""
    department: float
    """From 0 up to 1: where they are in a list of the departments; more people are at its beginning."""


def sample_people(seed: int) -> Iterator[SamplePerson]:
    """Yield people without an end; the same seed yields the same ones in the same order, with different addresses."""
    random = Random(f"people/{seed}")  # noqa: S311 - nothing secret is drawn
    addresses: Counter[str] = Counter()
    while True:
        first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
        address = f"{_plain(first)}.{_plain(last)}"
        addresses[address] += 1
        number = addresses[address] if addresses[address] > 1 else ""
        # Most are diligent, a few do next to nothing; large departments come first, as in the list of names.
        diligence, department = random.random() ** 0.25, random.random() ** 1.7
        yield SamplePerson(first, last, f"{address}{number}@example.com", diligence, department)


def _plain(name: str) -> str:
    return _NOT_IN_ADDRESS.sub("", normalize("NFKD", name.lower().translate(_PLAIN)))
