"""The options that say which account and which server a command works with."""

from __future__ import annotations

from coggno.cli.client_settings import ClientSettings
from coggno.cli.option_groups import option_group
from coggno.cli.options import BaseUrl, CompanyOption


@option_group
class ServerOptions:
    """Which server, for commands that act for no company."""

    base_url: BaseUrl = None

    def settings(self) -> ClientSettings:
        """Return the settings of a client that the options ask for."""
        return ClientSettings(base_url=self.base_url)


@option_group
class AccountOptions:
    """Which server, and the company to act for there."""

    company: CompanyOption = None
    base_url: BaseUrl = None

    def settings(self) -> ClientSettings:
        """Return the settings of a client that the options ask for."""
        return ClientSettings(company=self.company, base_url=self.base_url)
