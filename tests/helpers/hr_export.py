"""Generates rosters as an HR system exports them: thousands of rows, odd names, repeated and wrong rows.

The same seed gives the same text on every machine, and the generator counts what it puts in, so that a test compares
what provisioning reports with what the roster holds.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

COLUMNS: Final = ("Index", "User_Id", "First_Name", "Last_Name", "Sex", "Email", "Job_Title")
GROUP_COLUMN: Final = "Job_Title"
UNUSED_COLUMNS: Final = ("Index", "User_Id", "Sex")

_FIRST_NAMES: Final = (
    "Ana", "Björn", "Chloé", "Dwayne", "Elżbieta", "Fatma", "Gwendolyn", "Hüseyin", "Íñigo", "Jiří", "Käthe", "Loïc",
    "Małgorzata", "Nguyễn Ánh", "Øystein", "Pedro", "Réka", "Sören", "Þórunn", "Юлия", "Zoë", "さくら", "Ελένη", "יעל",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Åkesson", "Bérard", "de la Cruz", "Dvořák", "Fields", "García López", "Größmann", "Jónsdóttir", "Köhler",
    "Łukasik", "McCann", "Müller", "Núñez", "O'Brien", "Őszi-Szűcs", "Phạm", "Smith-Jones", "van 't Hoff", "Weiß",
    "Yıldız", "Соколова", "佐藤", "Παπαδόπουλος",
)  # fmt: skip
_JOB_TITLES: Final = (
    "Accountant, chartered", "Bühnenbildner", 'Editor "commissioning"', "Engineer/control", "Fitness centre manager",
    "Nurse, paediatric", "Retail buyer", "Teacher, early years/pre", "Warehouse", "Ärztin",
)  # fmt: skip
_DOMAINS: Final = ("example.com", "example.net", "example.org")


@frozen(kw_only=True)
class HrExport:
    """A generated roster and what it holds.

    Attributes:
        text: CSV with Windows line ends.
        rows: number of rows below the header; always the sum of the four numbers that follow.
        people: rows that a user can be created from.
        duplicates: rows that repeat an earlier person, in part with the address in capitals.
        conflicts: rows whose address belongs to two different people.
        invalid: rows with a missing or malformed value.
        groups: names of the groups that these people are put into.
    """

    text: str
    rows: int
    people: int
    duplicates: int
    conflicts: int
    invalid: int
    groups: frozenset[str]

    def write(self, path: Path, encoding: str = "utf-8-sig") -> Path:
        """Write the roster to a file, by default with the byte order mark that Excel writes; return its path."""
        path.write_bytes(self.text.encode(encoding))
        return path


def make_hr_export(rows: int, *, seed: int = 1) -> HrExport:
    """Generate a roster of this many rows; of each 100 about 95 are people, 2 duplicates, 2 conflicts and 1 invalid."""
    generator = _Generator(random.Random(seed))
    lines = list(generator.lines(rows))
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([str(index), *line] for index, line in enumerate(lines, start=1))
    counts = {name: generator.kinds.count(name) for name in ("people", "duplicates", "conflicts", "invalid")}
    return HrExport(text=output.getvalue(), rows=rows, groups=frozenset(generator.groups), **counts)


@define
class _Generator:
    random: random.Random
    kinds: list[str] = field(factory=list)
    groups: set[str] = field(factory=set)

    def lines(self, rows: int) -> Iterator[list[str]]:
        """Yield the cells of each row, without its index; some kinds need two rows, or an earlier one."""
        latest = None
        while len(self.kinds) < rows:
            draw = self.random.random()
            if draw < 0.01:
                yield self._record("invalid", self._invalid())
            elif draw < 0.02 and rows - len(self.kinds) >= 2:
                person = self._person()
                yield self._record("conflicts", person)
                yield self._record("conflicts", self._other_name(person))
            elif draw < 0.04 and latest is not None:
                yield self._record("duplicates", self._repeated(latest))
            else:
                latest = self._person()
                yield self._record("people", latest)

    def _record(self, kind: str, line: list[str]) -> list[str]:
        self.kinds.append(kind)
        if kind in ("people", "duplicates"):
            self.groups.update(line[-1].split("; "))
        return line

    def _person(self) -> list[str]:
        number = len(self.kinds)
        email = f"{self.random.choice('abcdefgh')}.{number}@{self.random.choice(_DOMAINS)}"
        first, last = self.random.choice(_FIRST_NAMES), self.random.choice(_LAST_NAMES)
        titles = "; ".join(self.random.sample(_JOB_TITLES, self.random.choice((1, 1, 1, 2))))
        sex = self.random.choice(("Female", "Male", ""))
        return [f"{self.random.getrandbits(60):015x}", first, last, sex, email, titles]

    def _other_name(self, line: list[str]) -> list[str]:
        """Return a second person with the address of this one."""
        return [*line[:1], f"Not {line[1]}", *line[2:]]

    def _repeated(self, line: list[str]) -> list[str]:
        """Return the same person once more, at times with a second job or the address in capitals."""
        titles = self.random.choice((line[5], self.random.choice(_JOB_TITLES)))
        return [*line[:4], self.random.choice((line[4], line[4].upper())), titles]

    def _invalid(self) -> list[str]:
        line = self._person()
        column, value = self.random.choice(
            ((1, ""), (2, ""), (4, ""), (4, "not.an.address"), (4, "zero\u200bw@example.com"))
        )
        line[column] = value
        return line
