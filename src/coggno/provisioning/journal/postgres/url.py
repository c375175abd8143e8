"""The URL of a journal in a database, which never shows its password. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote

from attrs import field, frozen

from coggno.provisioning.errors import JournalError

_SCHEMES: Final = ("postgresql://", "postgres://")
# Up to the last @: a password with an unescaped / or @ is refused by the driver, and must not be shown either.
_USER_PASSWORD: Final = re.compile(r"(?<=://)(?P<user>[^:@?]*):(?P<secret>.*)@")
_PARAMETER: Final = re.compile(r"(?<=[?&])(?P<name>(?:ssl)?password|passfile)=(?P<secret>[^&]*)", re.IGNORECASE)
_NAME: Final = re.compile(r"[?&]journal=(?P<name>[^&]*)")
_MASK: Final = "***"


def is_database_url(text: str) -> bool:
    """Return whether the name of a journal is the URL of a database, and not a path."""
    return text.lower().startswith(_SCHEMES)


@frozen(repr=False)
class DatabaseUrl:
    """Where a journal is: `postgresql://user@host:5432/database?journal=name`, with the parameters of libpq.

    One database has any number of journals; the parameter `journal` says which, `default` if it is missing. Text of
    this object has `***` for secrets.

    Attributes:
        secret_text: the URL with its secrets.

    Raises:
        JournalError: it is not such a URL.
    """

    secret_text: str = field(converter=str)

    def __attrs_post_init__(self) -> None:
        if not is_database_url(self.secret_text):
            raise JournalError(f"{self} is not the URL of a PostgreSQL database: {_FORM}")

    def __str__(self) -> str:
        text = _USER_PASSWORD.sub(rf"\g<user>:{_MASK}@", self.secret_text)
        return _PARAMETER.sub(rf"\g<name>={_MASK}", text)

    def __repr__(self) -> str:
        return f"DatabaseUrl({str(self)!r})"

    @property
    def name(self) -> str:
        """Name of the journal in its database."""
        found = _NAME.search(self.secret_text)
        return unquote(found["name"]) if found and found["name"] else "default"

    @property
    def has_name(self) -> bool:
        """Whether it says which journal of the database it means."""
        found = _NAME.search(self.secret_text)
        return bool(found and found["name"])

    def of_journal(self, name: str) -> DatabaseUrl:
        """Return the URL of another journal in the same database."""
        base = self.for_driver
        return DatabaseUrl(f"{base}{'&' if '?' in base else '?'}journal={quote(name, safe='/')}")

    @property
    def for_driver(self) -> str:
        """The URL as libpq takes it, secrets included: without the name of the journal."""
        base, _, query = self.secret_text.partition("?")
        others = [pair for pair in query.split("&") if pair and not pair.startswith("journal=")]
        return f"{base}?{'&'.join(others)}" if others else base

    @property
    def password(self) -> str | None:
        """The password of the user, if the URL has it."""
        found = _USER_PASSWORD.search(self.secret_text)
        if found is None:
            found = next((each for each in _PARAMETER.finditer(self.secret_text) if each["name"] == "password"), None)
        return None if found is None else unquote(found["secret"])

    @property
    def without_password(self) -> DatabaseUrl:
        """The URL for somebody who has the password from elsewhere, such as from `PGPASSWORD`."""
        text = _USER_PASSWORD.sub(r"\g<user>@", self.secret_text)
        return DatabaseUrl(re.sub(r"(?<=[?&])password=[^&]*&?", "", text).rstrip("?&"))

    def masked(self, text: str) -> str:
        """Return a text of the driver without the secrets of this URL."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, _MASK)
        return text

    def _secrets(self) -> Iterator[str]:
        for pattern in (_USER_PASSWORD, _PARAMETER):
            for found in pattern.finditer(self.secret_text):
                yield from {found["secret"], unquote(found["secret"])} - {""}


_FORM: Final = "postgresql://user@host:5432/database"
