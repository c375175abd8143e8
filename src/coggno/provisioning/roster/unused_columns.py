"""Columns that are not used, and may well have been meant for a field. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from coggno.provisioning.roster.column_names import may_be_secret, near_field
from coggno.provisioning.roster.columns import Columns


def suspicions(columns: Columns) -> Iterator[str]:
    """Yield a warning for each column that is not used, and has nearly the name of a field that has no column."""
    for name in columns.unused:
        field = near_field(name)
        if "password" not in columns.indexes and may_be_secret(name):
            yield (
                f"column {name!r} is not used, and no user gets a password from it. "
                "If it has the passwords, call it 'password'"
            )
        elif field is not None and field not in columns.indexes:
            yield f"column {name!r} is not used. Did you mean {field!r}?"
