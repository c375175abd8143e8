"""Rows of one user: merged where they agree, refused where they contradict each other."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import define, field, frozen

from coggno._protocol.identity import login_key, name_key, text_key
from coggno.provisioning.roster.merges import Merges
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.rows import Row

_BUCKETS: Final = 256
_NAMED: Final = 20  # lines in a message; a login may be in a thousand rows
_FIELDS: Final = ("email", "first_name", "last_name", "password", "company")


@define
class KeyLog:
    """Finds keys that occur several times, in eight bytes for each key.

    A key is represented by its hash, so that another key is taken for it once in an aeon: who uses the result
    compares the keys themselves.
    """

    # Apart by their last bits: one set of all hashes would take ten times as much memory.
    _buckets: list[array[int]] = field(factory=lambda: [array("q") for _ in range(_BUCKETS)])

    def add(self, key: str) -> None:
        """Take in the key of a row."""
        code = hash(key)
        self._buckets[code % _BUCKETS].append(code)

    def repeated(self) -> frozenset[int]:
        """Return the hashes of the keys that occurred several times."""
        found = set[int]()
        for bucket in self._buckets:
            seen = set[int]()
            for code in bucket:
                (found if code in seen else seen).add(code)
        return frozenset(found)


@frozen
class Comparison:
    """What comparing the rows of a roster has found.

    Attributes:
        refused: line -> why the row is refused, for rows that contradict each other.
        merged: which rows were merged.
        united: line of a first row -> its groups and those of the rows that were merged into it.
        refused_groups: name of a group -> how many refused rows have it.
    """

    refused: Mapping[int, str] = field(factory=dict[int, str])
    merged: Merges = field(factory=Merges)
    united: Mapping[int, tuple[str, ...]] = field(factory=dict[int, tuple[str, ...]])
    refused_groups: Mapping[str, int] = field(factory=dict[str, int])


def compare_rows(rows: Iterable[Row]) -> Comparison:
    """Return which rows are merged, and which are refused since they contradict each other.

    A row that is invalid for another reason is not merged, but may contradict: which row is right cannot be known, and
    the API cannot change a user afterwards.

    Args:
        rows: those whose key occurs several times, in the input's order, before anything is merged or refused.
    """
    by_key: dict[str, _SameUser] = {}
    for row in rows:
        if row.person is not None:
            by_key.setdefault(row.person.key, _SameUser()).add(row, row.person)
    several = [same for same in by_key.values() if len(same.lines) > 1 and same.valid]
    contradicting = [same for same in several if same.differing]
    agreeing = sorted((same for same in several if not same.differing), key=lambda same: same.valid[0])
    refused = {line: detail for same in contradicting for detail in [same.contradiction()] for line in same.valid}
    logins = {line: login for same in agreeing for line, login in same.logins.items()}
    merged = Merges(((same.valid[0], same.valid[1:]) for same in agreeing), logins)
    united = {same.valid[0]: tuple(same.groups) for same in agreeing}
    return Comparison(refused, merged, united, _sum(same.groups for same in contradicting))


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total = Counter[str]()
    for count in counts:
        total.update(count)
    return total


@define
class _SameUser:
    """The rows of one user, so far.

    Values are kept as hashes: what is needed is only whether they are equal, and a password is not kept.

    Attributes:
        lines: of all rows.
        valid: lines of the rows that are not invalid.
        values: field -> hash of the value that a row has.
        differing: fields in which rows differ, in the order of `_FIELDS`.
        groups: name of a group -> how many valid rows have it.
        login: of the first valid row.
        logins: line -> login of a valid row that writes it otherwise.
    """

    lines: array[int] = field(factory=lambda: array("Q"))
    valid: array[int] = field(factory=lambda: array("Q"))
    values: dict[str, int] = field(factory=dict[str, int])
    _differing: set[str] = field(factory=set[str])
    groups: Counter[str] = field(factory=Counter[str])
    login: str = ""
    logins: dict[int, str] = field(factory=dict[int, str])

    @property
    def differing(self) -> list[str]:
        return [name for name in _FIELDS if name in self._differing]

    def add(self, row: Row, person: Person) -> None:
        self.lines.append(row.line)
        is_valid = row.rejection is None
        for name, value in zip(_FIELDS, _values(person), strict=True):
            # What an invalid row leaves empty contradicts nothing.
            if (value or is_valid) and self.values.setdefault(name, hash(value)) != hash(value):
                self._differing.add(name)
        if is_valid:
            self._add_valid(row.line, person)

    def _add_valid(self, line: int, person: Person) -> None:
        login = person.effective_login
        if not self.valid:
            self.login = login
        elif login != self.login:
            self.logins[line] = login
        self.valid.append(line)
        self.groups.update(person.groups)

    def contradiction(self) -> str:
        shown = ", ".join(map(str, self.lines[:_NAMED]))
        more = f" and {len(self.lines) - _NAMED:,} more" if len(self.lines) > _NAMED else ""
        return f"lines {shown}{more} have the same login but differ in {', '.join(self.differing)}"


def _values(person: Person) -> Iterator[str | None]:
    yield login_key(person.email)
    yield name_key(person.first_name)
    yield name_key(person.last_name)
    yield person.password
    # A login belongs to one user in all of Coggno, so that two companies are a contradiction.
    yield text_key(person.company or "")
