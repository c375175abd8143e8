"""From the options of a command to a client, and from a coroutine to its result."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self, TypeVar

from attrs import field, frozen

from coggno import AsyncCoggno
from coggno._config import check_address
from coggno.cli.exit_codes import CommandError

T = TypeVar("T")

_NO_KEY: Final = (
    "No API key. Set COGGNO_API_KEY to a key from Coggno's page Settings > API Keys.\n"
    "To try the commands without a key, start a test server: coggno sandbox"
)


@frozen(kw_only=True)
class ClientSettings:
    """What the options of a command say about the client.

    Attributes:
        company: id of the connected company to act for.
        base_url: address of the API; from the environment or the key if not given.
        api_key: of a sandbox; otherwise the key comes from the environment.
        timeout: seconds for one attempt of a request; the client's own limits if not given.
        max_retries: attempts after the first; the client's own number if not given.
    """

    company: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float | None = None
    max_retries: int | None = None

    def require_key(self) -> Self:
        """Return these settings if there is a key; called before a person has to type something.

        Raises:
            CommandError: there is no key.
            ConfigurationError: there is no key, and the address is invalid as well.
        """
        if not (self.api_key or os.environ.get("COGGNO_API_KEY")):
            # The address first: a typo that can be corrected now is reported before a key that has to be fetched.
            if self.base_url is not None:
                check_address(self.base_url, "")
            raise CommandError(_NO_KEY)
        return self

    def client(self, **options: Any) -> AsyncCoggno:
        """Return a client.

        Args:
            options: more arguments of `AsyncCoggno`.

        Raises:
            CommandError: there is no key.
            ConfigurationError: an option, the key or COGGNO_BASE_URL is invalid.
        """
        self.require_key()
        # Left out rather than passed as None, which would mean no limit at all.
        if self.timeout is not None:
            options["timeout"] = self.timeout
        if self.max_retries is not None:
            options["max_retries"] = self.max_retries
        return AsyncCoggno(self.api_key, base_url=self.base_url, lms=self.company, **options)

    def run(self, work: Callable[[AsyncCoggno], Awaitable[T]]) -> T:
        """Call `work` with a client, and return its result; raises what it raises."""

        async def run_with_client() -> T:
            async with self.client() as coggno:
                return await work(coggno)

        return asyncio.run(run_with_client())
