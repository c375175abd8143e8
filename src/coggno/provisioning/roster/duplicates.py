"""Rows of one user: merged where they agree, refused where they contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import attrs

from coggno._protocol.identity import login_key, name_key
from coggno.provisioning.outcomes import RowOutcome
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.rows import Row


def compare_rows(rows: Iterable[Row]) -> None:
    """Merge rows that ask for the same user, and refuse all that contradict each other.

    A row that is invalid for another reason is not merged, but may contradict: which row is right cannot be known, and
    the API cannot change a user afterwards.
    """
    by_key: dict[str, list[tuple[Row, Person]]] = {}
    for row in rows:
        if row.person is not None:
            by_key.setdefault(row.person.key, []).append((row, row.person))
    for same in by_key.values():
        valid = [(row, person) for row, person in same if row.rejection is None]
        if len(same) > 1 and valid:
            _compare(same, valid)


def _compare(same: Sequence[tuple[Row, Person]], valid: Sequence[tuple[Row, Person]]) -> None:
    differing = [name for name, values in _values(same).items() if len(values) > 1]
    if differing:
        lines = ", ".join(str(row.line) for row, _ in same)
        detail = f"lines {lines} have the same login but differ in {', '.join(differing)}"
        for row, _ in valid:
            row.rejection = row.result(RowOutcome.REFUSED, detail)
        return
    (first, person), *others = valid
    groups = dict.fromkeys(chain.from_iterable(each.groups for _, each in valid))
    first.person = attrs.evolve(person, groups=tuple(groups))
    for row, _ in others:
        row.merged_into = first


def _values(rows: Iterable[tuple[Row, Person]]) -> dict[str, set[str | None]]:
    """Return the different values of each field; what an invalid row leaves empty contradicts nothing."""
    found: dict[str, set[str | None]] = {"email": set(), "first_name": set(), "last_name": set(), "password": set()}
    for row, person in rows:
        values = (
            login_key(person.email),
            name_key(person.first_name),
            name_key(person.last_name),
            person.password,
        )
        for values_so_far, value in zip(found.values(), values, strict=True):
            if value or row.rejection is None:
                values_so_far.add(value)
    return found
