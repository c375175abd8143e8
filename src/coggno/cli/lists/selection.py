"""Which rows of a list are shown, and in which order. Checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from attrs import frozen

from coggno._protocol.identity import alphabetical, text_key
from coggno.cli.exit_codes import CommandError
from coggno.cli.lists.columns import ListTable, plain, value_at

Row: TypeAlias = Mapping[str, Any]

_FILTER: Final = re.compile(r"([^=~]+)([=~])(.*)", re.DOTALL)
# How people and programs write what the API sends as true and false.
_WORDS: Final = {"true": "yes", "false": "no"}


@frozen
class RowFilter:
    """Matches rows by one field.

    Attributes:
        field: its name.
        text: what is compared, by the rule for equal texts.
        is_part: whether a value that contains the text matches, too.
    """

    field: str
    text: str
    is_part: bool

    @classmethod
    def parse(cls, text: str, table: ListTable) -> RowFilter:
        """Return the filter that `--filter` describes, such as `last_name=Lovelace` or `login~@example.com`.

        Raises:
            CommandError: it is not of that form, or there is no such field.
        """
        parts = _FILTER.fullmatch(text)
        if parts is None:
            message = "must be NAME=VALUE or NAME~TEXT, such as last_name=Lovelace or login~example.com"
            raise CommandError(f"--filter {message}, not '{text}'.")
        name, sign, value = parts.groups()
        return cls(table.field(name, "--filter"), text_key(value), sign == "~")

    def matches(self, row: Row) -> bool:
        """Return whether a row has the value."""
        value = value_at(self.field, row)
        found = text_key(plain(value))
        if self.is_part:
            return self.text in found
        return found == (_WORDS.get(self.text, self.text) if isinstance(value, bool) else self.text)


@frozen
class SortKey:
    """A field to sort by.

    Attributes:
        field: its name.
        is_descending: whether the highest value comes first.
    """

    field: str
    is_descending: bool

    def of(self, row: Row) -> tuple[int, float, tuple[str, str]]:
        """Return what rows are compared by: numbers by value, before texts without regard to case and accents."""
        value = value_at(self.field, row)
        if isinstance(value, int | float):
            return (0, value, ("", ""))
        return (1, 0.0, alphabetical(plain(value)))


@frozen
class Selection:
    """Rows that match all filters, sorted if that was asked for.

    Attributes:
        filters: what a row has to match.
        keys: what rows are sorted by; empty for the order of the API.
    """

    filters: Sequence[RowFilter]
    keys: Sequence[SortKey]

    @classmethod
    def parse(cls, table: ListTable, filters: Iterable[str], sort: str | None) -> Selection:
        """Return what `--filter` and `--sort` ask for.

        Raises:
            CommandError: one of them cannot be read, or names no field.
        """
        keys = [_sort_key(name, table) for name in (sort or "").split(",") if name.strip()]
        return cls([RowFilter.parse(text, table) for text in filters], keys)

    async def apply(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        """Yield the rows that are wanted: as they arrive, or when all are there if they are to be sorted."""
        if not self.keys:
            async for row in rows:
                if self._matches(row):
                    yield row
            return
        found = [row async for row in rows if self._matches(row)]
        # From the least important key to the first one: each sort keeps the order of rows that are equal in it.
        for key in reversed(self.keys):
            missing = [row for row in found if value_at(key.field, row) is None]
            given = [row for row in found if value_at(key.field, row) is not None]
            # Rows without a value are last in both directions, as people expect of an empty cell.
            found = [*sorted(given, key=key.of, reverse=key.is_descending), *missing]
        for row in found:
            yield row

    def _matches(self, row: Row) -> bool:
        return all(each.matches(row) for each in self.filters)


def _sort_key(name: str, table: ListTable) -> SortKey:
    text = name.strip()
    return SortKey(table.field(text.removeprefix("-"), "--sort"), text.startswith("-"))
