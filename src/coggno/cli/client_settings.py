"""From the options of a command to a client, and from a coroutine to its result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from attrs import evolve, field, frozen

from coggno import AsyncCoggno
from coggno.cli.settings.account import Account, find_account
from coggno.cli.terminal.library_warnings import show_warnings

T = TypeVar("T")


@frozen(kw_only=True)
class ClientSettings:
    """What the options of a command say about the client.

    Attributes:
        company: id of the connected company to act for; of the profile if not given.
        base_url: address of the API; of the profile, from the environment or from the key if not given.
        profile: name of the profile, if one was given.
        is_verbose: whether requests are shown on standard error.
        api_key: of a sandbox; otherwise the key comes from the environment or the profile.
        has_company: whether the command acts for a company at all; lists of companies do not.
        found: the account, where it is known already: a keyring may ask a person each time.
        timeout: seconds for one attempt of a request; the client's own limits if not given.
        max_retries: attempts after the first; the client's own number if not given.
    """

    company: str | None = None
    base_url: str | None = None
    profile: str | None = None
    is_verbose: bool = False
    api_key: str | None = field(default=None, repr=False)
    has_company: bool = True
    found: Account | None = field(default=None, repr=False)
    timeout: float | None = None
    max_retries: int | None = None

    def account(self) -> Account:
        """Return the key with its address and company.

        Raises:
            CommandError: there is no key, or no such profile.
            ConfigurationError: there is no key, and the address is invalid as well.
        """
        if self.found is not None:
            return self.found
        if self.api_key is not None:
            address = {"base_url": self.base_url, "company": self.company}
            return Account(key=self.api_key, profile=None, key_source="the sandbox", **address)
        return find_account(profile=self.profile, base_url=self.base_url, company=self.company)

    def require_key(self) -> Self:
        """Return these settings if there is a key; called before a person has to type something.

        Raises:
            CommandError: there is no key.
            ConfigurationError: there is no key, and the address is invalid as well.
        """
        return evolve(self, found=self.account())

    def client(self, **options: Any) -> AsyncCoggno:
        """Return a client.

        Args:
            options: more arguments of `AsyncCoggno`.

        Raises:
            CommandError: there is no key.
            ConfigurationError: an option, the key or COGGNO_BASE_URL is invalid.
        """
        account = self.account()
        show_warnings()
        if self.is_verbose:
            # Imported late: it is rarely wanted.
            from coggno.cli.request_log import RequestLines

            lines = RequestLines()
            options |= {"on_request": lines.begin, "on_exchange": lines.end}
        # Left out rather than passed as None, which would mean no limit at all.
        if self.timeout is not None:
            options["timeout"] = self.timeout
        if self.max_retries is not None:
            options["max_retries"] = self.max_retries
        company = account.company if self.has_company else None
        return AsyncCoggno(account.key, base_url=account.base_url, lms=company, **options)

    def run(self, work: Callable[[AsyncCoggno], Awaitable[T]]) -> T:
        """Call `work` with a client, and return its result; raises what it raises."""

        async def run_with_client() -> T:
            async with self.client() as coggno:
                return await work(coggno)

        return asyncio.run(run_with_client())
