"""What each list can show: its fields, and the columns that its table has unless others are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import frozen

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output


@frozen
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        path: path of its value in a row, e.g. `document.title`; several paths separated by spaces for several values.
        right: whether it is aligned to the right.
        between: separates several values.
    """

    title: str
    path: str
    right: bool = False
    between: str = " "

    def text(self, row: Mapping[str, Any]) -> str:
        """Return the value as text, harmless to a terminal."""
        return self.between.join(_shown(value_at(path, row)) for path in self.path.split())


@frozen
class ListTable:
    """A list: everything that its rows have, and what is shown of it.

    Attributes:
        fields: the names of the fields, as the API has them; `document.title` for a field within another.
        columns: of the table, unless `--columns` names others.
        if_empty: the message for a person if there is nothing to show.
    """

    fields: tuple[str, ...]
    columns: tuple[Column, ...]
    if_empty: str

    def field(self, name: str, option: str) -> str:
        """Return the field that a person means: case, spaces, hyphens and dots make no difference; headings are
        names as well.

        Args:
            name: as it was typed.
            option: the option that it was typed for, for the message.

        Raises:
            CommandError: there is no such field.
        """
        wanted = _key(name)
        titles = {_key(column.title): column.path for column in self.columns if " " not in column.path}
        found = next((field for field in self.fields if _key(field) == wanted), titles.get(wanted))
        if found is None:
            # `first_name` in a list of licenses can only be `user.first_name`.
            found = next((field for field in self.fields if _key(field.rpartition(".")[2]) == wanted), None)
        if found is None:
            raise CommandError(f"{option}: there is no column '{name.strip()}'. Columns: {', '.join(self.fields)}.")
        return found

    def column(self, field: str) -> Column:
        """Return the column that shows a field."""
        shown = next((column for column in self.columns if column.path == field), None)
        return shown or Column(field.replace("_", " ").replace(".", " ").capitalize(), field)


def value_at(path: str, row: Mapping[str, Any]) -> Any:
    """Return the value of a field, e.g. `document.title`; `None` where the API has left it out."""
    value: Any = row
    for name in path.split("."):
        # The API may leave out an object that it promises; its columns are empty then.
        value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
    return value


def plain(value: Any) -> str:
    """Return a value as text for files and comparisons; `None` is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    # 87.5 stays, 90.0 becomes 90: scores are floats in the API, and whole numbers for people.
    return f"{value:g}" if isinstance(value, float) else str(value)


def _key(name: str) -> str:
    return "_".join(re.split(r"[-_.\s]+", name.strip())).casefold()


def _shown(value: Any) -> str:
    return "-" if value is None else output.clean(plain(value))


_ID: Final = Column("Id", "id", right=True)
_NAMES: Final = (Column("First name", "first_name"), Column("Last name", "last_name"))
_USER: Final = (_ID, Column("Login", "login"), *_NAMES)
USER: Final = ListTable(("id", "login", "first_name", "last_name"), _USER, "There are no users.")
MEMBER: Final = ListTable(USER.fields, _USER, "The group has no members.")
GROUP: Final = ListTable(
    ("id", "name", "description"),
    (_ID, Column("Name", "name"), Column("Description", "description")),
    "There are no groups.",
)
COMPANY: Final = ListTable(
    ("id", "name", "user_id", "login", "first_name", "last_name"),
    (_ID, Column("Name", "name"), Column("User id", "user_id", right=True), Column("Login", "login"), *_NAMES),
    "There are no connected companies.",
)
DOCUMENT: Final = ListTable(
    ("id", "title", "type", "published", "published_at", "created_at"),
    (
        _ID,
        Column("Title", "title"),
        Column("Type", "type"),
        # Not "Published", which is the name of another field.
        Column("Published at", "published_at"),
        Column("Created", "created_at"),
    ),
    "There are no documents.",
)
_LICENSE_FIELDS: Final = (
    "status",
    "passed",
    "score",
    "used",
    "amount",
    "views",
    "total_time",
    "start_date",
    "complete_date",
    "created_at",
)
_LICENSE: Final = (
    Column("Status", "status"),
    Column("Passed", "passed"),
    Column("Score", "score", right=True),
    Column("Used", "used amount", right=True, between="/"),
    Column("Started", "start_date"),
    Column("Completed", "complete_date"),
)
LICENSE_OF_USER: Final = ListTable(
    ("document.id", "document.title", *_LICENSE_FIELDS),
    (Column("Id", "document.id", right=True), Column("Document", "document.title"), *_LICENSE),
    "The user has no licenses.",
)
LICENSE_OF_DOCUMENT: Final = ListTable(
    ("user.id", "user.first_name", "user.last_name", *_LICENSE_FIELDS),
    (Column("Id", "user.id", right=True), Column("User", "user.first_name user.last_name"), *_LICENSE),
    "The document has no licenses.",
)
