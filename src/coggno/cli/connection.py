"""The options that say which account and which server a command works with."""

from __future__ import annotations

from coggno.cli.client_settings import ClientSettings
from coggno.cli.option_groups import option_group
from coggno.cli.options import BaseUrl, CompanyOption, ProfileOption, Verbose


@option_group
class ServerOptions:
    """Which server, for commands that act for no company."""

    profile: ProfileOption = None
    base_url: BaseUrl = None
    verbose: Verbose = False

    def settings(self) -> ClientSettings:
        """Return the settings of a client that the options ask for."""
        return ClientSettings(base_url=self.base_url, profile=self.profile, is_verbose=self.verbose, has_company=False)


@option_group
class AccountOptions:
    """Which server, and the company to act for there."""

    profile: ProfileOption = None
    company: CompanyOption = None
    base_url: BaseUrl = None
    verbose: Verbose = False

    def settings(self) -> ClientSettings:
        """Return the settings of a client that the options ask for."""
        return ClientSettings(
            company=self.company, base_url=self.base_url, profile=self.profile, is_verbose=self.verbose
        )
