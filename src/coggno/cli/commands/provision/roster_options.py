"""The options that say how a roster is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from coggno.cli.exit_codes import CommandError
from coggno.cli.option_groups import option_group

if TYPE_CHECKING:
    from coggno.provisioning import RosterOptions

# A tab is hard to type on a command line.
_DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "pipe": "|"}

RosterArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ROSTER", help="CSV, JSON Lines, Excel or Parquet file, or - for standard input.", show_default=False
    ),
]
RosterGroup: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME", help="Add the users of all rows to this group, too. Repeatable."),
]
ColumnMap: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Name the column of a field: email, first_name, last_name, login, password, group or company. Repeatable.",
    ),
]
Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="Delimiter of a CSV file: comma, semicolon, tab or a character. Default: detected.",
    ),
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Encoding of the roster, such as cp1252. Default: UTF-8."),
]
Sheet: TypeAlias = Annotated[
    str | None,
    typer.Option("--sheet", metavar="NAME", help="Sheet of a workbook. Default: the first one that is visible."),
]


@option_group
class RosterReading:
    """How a roster is read."""

    groups: RosterGroup = None
    columns: ColumnMap = None
    delimiter: Delimiter = None
    encoding: Encoding = None
    sheet: Sheet = None

    def options(self) -> RosterOptions:
        """Return the options of the reader.

        Raises:
            CommandError: a mapping of columns cannot be understood.
        """
        from coggno.provisioning import RosterOptions

        return RosterOptions(
            mapping=_mapping(self.columns or ()),
            delimiter=None if self.delimiter is None else _DELIMITERS.get(self.delimiter, self.delimiter),
            encoding=self.encoding,
            sheet=self.sheet,
            groups=self.groups or (),
        )


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for text in columns:
        name, equals, column = (part.strip() for part in text.partition("="))
        if not (name and equals and column):
            raise CommandError(f"--map must be FIELD=COLUMN, such as email=Work_Mail, not '{text}'.")
        if name in mapping:
            raise CommandError(f"--map names the field {name} twice. Give one column for each field.")
        mapping[name] = column
    return mapping
