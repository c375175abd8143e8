"""Rows of one user: merged where they agree, refused where they contradict each other."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
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
    repeated = _RepeatedRows()
    for row in rows:
        if row.person is not None:
            repeated.add(row, row.person)
    return _Findings(repeated, list(repeated.combinations)).comparison()


@define
class _RepeatedRows:
    """Rows of users with several rows, in a few bytes each: in a list of enrollments that may be all rows.

    Values are kept as hashes: what is needed is only whether they are equal, and a password is not kept.

    Attributes:
        lines: of the rows.
        users: number of each row's user.
        valid: whether each row is valid, as 0 or 1.
        groups: number of each row's groups in `combinations`.
        combinations: names of groups -> their number.
        differing: for each user a bit for each field in which rows differ.
        logins: line -> login, where it is not written like the key.
    """

    lines: array[int] = field(factory=lambda: array("Q"))
    users: array[int] = field(factory=lambda: array("L"))
    valid: bytearray = field(factory=bytearray)
    groups: array[int] = field(factory=lambda: array("L"))
    combinations: dict[tuple[str, ...], int] = field(factory=dict[tuple[str, ...], int])
    differing: bytearray = field(factory=bytearray)
    keys: dict[str, int] = field(factory=dict[str, int])
    logins: dict[int, str] = field(factory=dict[int, str])
    _known: bytearray = field(factory=bytearray)
    _values: list[array[int]] = field(factory=lambda: [array("q") for _ in _FIELDS])

    def add(self, row: Row, person: Person) -> None:
        """Take in a row."""
        key = person.key
        user = self.keys.setdefault(key, len(self.keys))
        if user == len(self.differing):
            self._add_user()
        is_valid = row.rejection is None
        self.lines.append(row.line)
        self.users.append(user)
        self.valid.append(is_valid)
        self.groups.append(self.combinations.setdefault(person.groups, len(self.combinations)))
        if person.effective_login != key:
            self.logins[row.line] = person.effective_login
        self._compare(user, person, is_valid=is_valid)

    def _add_user(self) -> None:
        self.differing.append(0)
        self._known.append(0)
        for values in self._values:
            values.append(0)

    def _compare(self, user: int, person: Person, *, is_valid: bool) -> None:
        for number, value in enumerate(_values(person)):
            # What an invalid row leaves empty contradicts nothing.
            if not (value or is_valid):
                continue
            bit, code, values = 1 << number, hash(value), self._values[number]
            if not self._known[user] & bit:
                self._known[user] |= bit
                values[user] = code
            elif values[user] != code:
                self.differing[user] |= bit


@define
class _Findings:
    """What is found about repeated rows, user by user."""

    repeated: _RepeatedRows
    _groups: Sequence[tuple[str, ...]]
    _refused: dict[int, str] = field(factory=dict[int, str])
    _refused_groups: Counter[str] = field(factory=Counter[str])
    _united: dict[int, tuple[str, ...]] = field(factory=dict[int, tuple[str, ...]])
    _logins: dict[int, str] = field(factory=dict[int, str])

    def comparison(self) -> Comparison:
        merged = Merges(self._merges(), self._logins)
        return Comparison(self._refused, merged, self._united, self._refused_groups)

    def _merges(self) -> Iterator[tuple[int, Sequence[int]]]:
        """Yield the line of each row that others are merged into, and their lines; note everything else."""
        users = self.repeated.users
        keys = list(self.repeated.keys)
        # Stable, so that the rows of a user stay in the input's order; users are numbered in the order of their first.
        for user, found in groupby(sorted(range(len(users)), key=users.__getitem__), users.__getitem__):
            rows = list(found)
            valid = [row for row in rows if self.repeated.valid[row]]
            # Two keys of one hash, of which each has one row, are no repetition.
            if len(rows) == 1 or not valid:
                continue
            if self.repeated.differing[user]:
                self._refuse(user, rows, valid)
            else:
                yield self._merge(keys[user], valid)

    def _refuse(self, user: int, rows: Sequence[int], valid: Sequence[int]) -> None:
        lines = self.repeated.lines
        shown = ", ".join(str(lines[row]) for row in rows[:_NAMED])
        more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
        differing = ", ".join(name for bit, name in enumerate(_FIELDS) if self.repeated.differing[user] & 1 << bit)
        detail = f"lines {shown}{more} have the same login but differ in {differing}"
        for row in valid:
            self._refused[lines[row]] = detail
            self._refused_groups.update(self._groups[self.repeated.groups[row]])

    def _merge(self, key: str, valid: Sequence[int]) -> tuple[int, Sequence[int]]:
        lines, logins, groups = self.repeated.lines, self.repeated.logins, self.repeated.groups
        first, *others = (lines[row] for row in valid)
        if any(groups[row] != groups[valid[0]] for row in valid):
            united = dict.fromkeys(name for row in valid for name in self._groups[groups[row]])
            self._united[first] = tuple(united)
        login = logins.get(first, key)
        self._logins.update({line: logins.get(line, key) for line in others if logins.get(line, key) != login})
        return first, others


def _values(person: Person) -> Iterator[str | None]:
    yield login_key(person.email)
    yield name_key(person.first_name)
    yield name_key(person.last_name)
    yield person.password
    # A login belongs to one user in all of Coggno, so that two companies are a contradiction.
    yield text_key(person.company or "")
