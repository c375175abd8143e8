"""The columns of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import frozen

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
        return self.between.join(_shown(_value_at(path, row)) for path in self.path.split())


def _value_at(path: str, row: Mapping[str, Any]) -> Any:
    value: Any = row
    for name in path.split("."):
        # The API may leave out an object that it promises; its columns are empty then.
        value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
    return value


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    # 87.5 stays, 90.0 becomes 90: scores are floats in the API, and whole numbers for people.
    return output.clean(f"{value:g}" if isinstance(value, float) else str(value))


USER: Final = (
    Column("Id", "id", right=True),
    Column("Login", "login"),
    Column("First name", "first_name"),
    Column("Last name", "last_name"),
)
GROUP: Final = (Column("Id", "id", right=True), Column("Name", "name"), Column("Description", "description"))
COMPANY: Final = (
    Column("Id", "id", right=True),
    Column("Name", "name"),
    Column("User id", "user_id", right=True),
    Column("Login", "login"),
    Column("First name", "first_name"),
    Column("Last name", "last_name"),
)
DOCUMENT: Final = (
    Column("Id", "id", right=True),
    Column("Title", "title"),
    Column("Type", "type"),
    Column("Published", "published_at"),
    Column("Created", "created_at"),
)
_LICENSE: Final = (
    Column("Status", "status"),
    Column("Passed", "passed"),
    Column("Score", "score", right=True),
    Column("Used", "used amount", right=True, between="/"),
    Column("Started", "start_date"),
    Column("Completed", "complete_date"),
)
LICENSE_OF_USER: Final = (
    Column("Id", "document.id", right=True),
    Column("Document", "document.title"),
    *_LICENSE,
)
LICENSE_OF_DOCUMENT: Final = (
    Column("Id", "user.id", right=True),
    Column("User", "user.first_name user.last_name"),
    *_LICENSE,
)
