"""From the options of a command to a client, and from a coroutine to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from attrs import field, frozen

from coggno import AsyncCoggno
from coggno.cli.exit_codes import CommandError

T = TypeVar("T")

NO_KEY = (
    "no API key: set COGGNO_API_KEY (keys stand on Coggno's page Settings > API Keys), "
    "or try without one: coggno provision ROSTER --sandbox"
)


@frozen(kw_only=True)
class ClientSettings:
    """What the common options say about the API to talk to."""

    company: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    """Of a sandbox; else the key comes from the environment."""
    timeout: float | None = None
    """Seconds for each phase of a request; the client's own limits if not given."""
    max_retries: int | None = None

    def checked(self) -> Self:
        """Return this connection if there is a key: asked before a person is asked to type.

        Raises:
            CommandError: there is no key.
        """
        if not (self.api_key or os.environ.get("COGGNO_API_KEY")):
            raise CommandError(NO_KEY)
        return self

    def client(self, **settings: Any) -> AsyncCoggno:
        """Return a client.

        Args:
            settings: more arguments of `AsyncCoggno`.

        Raises:
            CommandError: there is no key.
            ConfigurationError: an option, the key or COGGNO_BASE_URL cannot be used.
        """
        self.checked()
        if self.timeout is not None:
            settings["timeout"] = self.timeout
        if self.max_retries is not None:
            settings["max_retries"] = self.max_retries
        return AsyncCoggno(self.api_key, base_url=self.base_url, lms=self.company, **settings)

    def run(self, work: Callable[[AsyncCoggno], Awaitable[T]]) -> T:
        """Do `work` with a client and return its result; raises what `work` raises."""

        async def go() -> T:
            async with self.client() as coggno:
                return await work(coggno)

        return asyncio.run(go())
