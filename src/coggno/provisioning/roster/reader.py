"""Reads and checks a roster: columns found, every row checked, rows of one user compared. No network.

The input is read once to check its rows, and once more to compare those of one user, if there are any. What is kept is
only what a single row cannot show: which rows were merged or contradict each other, and counts.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from attrs import define, evolve, field

from coggno._protocol.identity import login_key
from coggno.provisioning.errors import RosterError
from coggno.provisioning.outcomes import RowOutcome
from coggno.provisioning.roster.checks import warnings
from coggno.provisioning.roster.checks.plain_rows import PlainRow
from coggno.provisioning.roster.checks.warnings import WarningLog
from coggno.provisioning.roster.columns import Columns, find_columns, recognized
from coggno.provisioning.roster.duplicates import Comparison, KeyLog, compare_rows
from coggno.provisioning.roster.group_names import GroupNames
from coggno.provisioning.roster.input import InputTable, Source, TableOptions, open_table
from coggno.provisioning.roster.options import RosterOptions
from coggno.provisioning.roster.other_systems import ForeignColumns
from coggno.provisioning.roster.row_reader import RowReader
from coggno.provisioning.roster.rows import Roster, RosterRows, Row


def read_roster(
    source: Source,
    options: RosterOptions = RosterOptions(),  # noqa: B008 - frozen
    *,
    first: int = 1,
) -> Roster:
    """Read and check a roster.

    A file is read again whenever its rows are needed, and must stay as it is until then. What can be read once only,
    such as standard input, is copied to a temporary file.

    Args:
        source: a path, `"-"` for standard input, an open file, or an iterable of mappings.
        options: how it is read.
        first: the number of the first row, where the rows come from code: the rows before it are in another roster.

    Raises:
        RosterError: the input cannot be read at all; rows that are wrong carry a rejection instead.
    """
    known = partial(recognized, mapping=options.mapping)
    table = open_table(
        source,
        TableOptions(
            delimiter=options.delimiter,
            encoding=options.encoding,
            sheet=options.sheet,
            recognized=known,
            first=first,
        ),
    )
    columns = find_columns(table.header, options.mapping)
    foreign = ForeignColumns.of(columns.names)
    groups = GroupNames(_common_groups(options.groups), foreign.group_marks)
    check = _Check(table, RowReader(columns, foreign, groups, options.needs_password))
    check.log.add(table.warnings)
    check.log.add(warnings.suspicions(columns))
    check.check_rows()
    # Only now: a row may contradict one that comes later.
    check.compare_repeated()
    return _roster(table, columns, check, options)


def _roster(table: InputTable, columns: Columns, check: _Check, options: RosterOptions) -> Roster:
    return Roster(
        name=table.name,
        header=columns.names,
        visible=columns.visible,
        rows=RosterRows(check.rows, check.count),
        digest=_digest(table, options),
        settings=options.settings(),
        path=table.path,
        rejected=check.rejected,
        groups=check.used_groups,
        merged=check.comparison.merged,
        last_line=check.last_line,
        text_size=check.text_size,
        gives_passwords=check.gives_passwords,
        names_companies=check.names_companies,
        unused=tuple(name for name in columns.unused if name not in check.reader.foreign.used(columns.names)),
        delimiter=table.delimiter,
        encoding=table.encoding,
        warnings=check.log.shown(),
    )


def _common_groups(names: tuple[str, ...]) -> tuple[str, ...]:
    if not all(map(str.strip, names)):
        raise RosterError("A group for all users has an empty name.")
    return tuple(map(str.strip, names))


def _digest(table: InputTable, options: RosterOptions) -> bytes:
    """Return the digest of a table and of what else decides what its rows want."""
    wanted = [sorted(options.mapping.items()), options.groups, table.delimiter, table.encoding]
    return hashlib.sha256(table.digest() + json.dumps(wanted).encode()).digest()


@define
class _Check:
    """The check of all rows, and what it has found.

    Attributes:
        table: where the rows are read.
        reader: checks a single one.
        log: warnings.
        count: how many rows there are.
        last_line: the line of the last row.
        text_size: how many characters all cells have.
        gives_passwords: whether a row has a password.
        names_companies: whether a row names a company.
        rejected: how many rows were refused, by outcome.
        used_groups: names of the groups of accepted rows.
        comparison: what comparing the rows of one user has found.
    """

    table: InputTable
    reader: RowReader
    log: WarningLog = field(factory=WarningLog)
    count: int = 0
    last_line: int = 0
    text_size: int = 0
    gives_passwords: bool = False
    names_companies: bool = False
    rejected: Counter[RowOutcome] = field(factory=Counter[RowOutcome])
    used_groups: tuple[str, ...] = ()
    comparison: Comparison = field(factory=Comparison)
    _keys: KeyLog = field(factory=KeyLog)
    _groups: Counter[str] = field(factory=Counter[str])
    # By index, one byte each: a set of a million rows would take a hundred times as much.
    _sound: bytearray = field(factory=bytearray, repr=False)

    def rows(self, left_out: Sequence[int]) -> Iterator[Row]:
        """Read the rows again, with what the comparison has found, but for those in some lines."""
        refused, merged, united = self.comparison.refused, self.comparison.merged, self.comparison.united
        for given, is_sound in zip(self.table.read(), self._sound, strict=True):
            if left_out and left_out[given.line]:
                continue
            # What was checked once is not checked again.
            row = self.reader.sound_row(given) if is_sound else self.reader.row(given)
            if row.line in refused:
                row.rejection = row.result(RowOutcome.REFUSED, refused[row.line])
            elif row.line in united and row.person is not None:
                row.person = evolve(row.person, groups=united[row.line])
            elif merged:
                row.merged_into = merged.first_of(row.line)
            yield row

    def check_rows(self) -> None:
        """Read and check each row.

        Raises:
            RosterError: there are no rows, or they cannot be read.
        """
        numeric, may_be_plain = warnings.NumericLogins(), not self.reader.foreign.is_foreign
        for given in self.table.read():
            self.count += 1
            self.last_line = given.line
            self.text_size += len("".join(given.cells))
            plain = self.reader.plain_row(given) if may_be_plain else None
            if plain is not None:
                self._note_plain(plain)
                continue
            row = self.reader.row(given)
            self.log.add(self.reader.warnings(given, row))
            self._note(row)
            numeric.note(row)
        if not self.count:
            raise RosterError(f"{self.table.name}: there are no rows below the header.")
        self.log.add(numeric.shown())

    def compare_repeated(self) -> None:
        """Compare the rows of one user, if there are several."""
        repeated = self._keys.repeated()
        self._keys = KeyLog()
        if repeated:
            self.comparison = compare_rows(self._repeated_rows(repeated))
        if self.comparison.refused:
            self.rejected[RowOutcome.REFUSED] = len(self.comparison.refused)
            # A group may be wanted by refused rows only.
            self._groups.subtract(self.comparison.refused_groups)
        self.used_groups = tuple(name for name in self.reader.groups.in_order() if self._groups[name] > 0)

    def _note_plain(self, row: PlainRow) -> None:
        self._sound.append(True)
        self._keys.add(login_key(row.login))
        self.gives_passwords = self.gives_passwords or row.gives_password
        self.names_companies = self.names_companies or row.company != ""
        if row.groups:
            self._groups.update(row.groups)

    def _note(self, row: Row) -> None:
        self._sound.append(row.rejection is None)
        person = row.person
        if row.rejection is not None:
            self.rejected[row.rejection.outcome] += 1
        if person is not None:
            self._keys.add(person.key)
            self.gives_passwords = self.gives_passwords or person.password is not None
            self.names_companies = self.names_companies or person.company is not None
            if row.rejection is None and person.groups:
                self._groups.update(person.groups)

    def _repeated_rows(self, repeated: frozenset[int]) -> Iterator[Row]:
        for given in self.table.read():
            if hash(self.reader.key(given.cells)) in repeated:
                yield self.reader.row(given)
