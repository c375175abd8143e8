"""Why the state cannot be read or changed as asked. Knows nothing of HTTP.

    StateError
    ├── RecordNotFoundError   no such user, group, document
    └── InvalidDataError      the data cannot be stored

Messages name fields, never values: a value may be a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


class StateError(Exception):
    """A change or a lookup that is not possible; nothing was changed.

    Args:
        message: what is wrong.
        fields: field name -> what is wrong with it.
    """

    def __init__(self, message: str, fields: Mapping[str, str] = NO_FIELDS) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields)


class RecordNotFoundError(StateError):
    """The record does not exist, or belongs to another company."""


class InvalidDataError(StateError):
    """The data breaks a rule, such as a login that is taken."""
