"""Which key goes to which address for which company: chosen once, from options, environment and profiles."""

from __future__ import annotations

import os
from typing import Final

from attrs import field, frozen

from coggno._config import check_address
from coggno.cli.error_messages import keep_secret
from coggno.cli.exit_codes import CommandError
from coggno.cli.settings.keys import load_key
from coggno.cli.settings.profiles import DEFAULT, Profile, config_path, read_profiles
from coggno.cli.terminal import output

_NO_KEY: Final = (
    "No API key. Run coggno login, or set COGGNO_API_KEY to a key from Coggno's page Settings > API Keys.\n"
    "To try the commands without a key, start a test server: coggno sandbox"
)


@frozen(kw_only=True)
class Account:
    """What a client is made with.

    A key and an address belong together: both are from the same place, so that no key is sent to the server of
    another one. Only `--base-url` and `--company`, which are typed with the command, go before both.

    Attributes:
        key: the API key.
        base_url: address of the API; the client finds it from the environment or the key if not given.
        company: id of the connected company to act for.
        profile: name of the profile; `None` if the key is from the environment.
        key_source: where the key is from, for people.
    """

    key: str = field(repr=False)
    base_url: str | None
    company: str | None
    profile: str | None
    key_source: str


def find_account(*, profile: str | None, base_url: str | None, company: str | None) -> Account:
    """Return the account that a command works with.

    The order: `--profile`; then COGGNO_API_KEY; then the profile of COGGNO_PROFILE; then the profile `default`.

    Args:
        profile: `--profile`, if given.
        base_url: `--base-url`, if given.
        company: `--company`, if given.

    Raises:
        CommandError: there is no key, or no such profile.
        ConfigurationError: there is no key, and `base_url` is invalid as well.
    """
    key = os.environ.get("COGGNO_API_KEY")
    if profile is None and key:
        address = base_url or os.environ.get("COGGNO_BASE_URL")
        return Account(key=key, base_url=address, company=company, profile=None, key_source="COGGNO_API_KEY")
    named = profile or os.environ.get("COGGNO_PROFILE")
    found = read_profiles().get(named or DEFAULT)
    if found is not None:
        account = _of_profile(found, base_url, company)
        if named is None and base_url is None:
            _report_ignored(account)
        return account
    if named is not None:
        known = ", ".join(sorted(read_profiles())) or "none"
        message = f"There is no profile '{named}' in {config_path()}. Profiles: {known}."
        raise CommandError(f"{message} Make it with: coggno login --profile {named}")
    # The address first: a typo that can be corrected now is reported before a key that has to be fetched.
    if base_url is not None:
        check_address(base_url, "")
    raise CommandError(_NO_KEY)


def _of_profile(profile: Profile, base_url: str | None, company: str | None) -> Account:
    key = _key_of(profile)
    keep_secret(key)
    return Account(
        key=key,
        # Never left to the client, which would take the address of another key from COGGNO_BASE_URL.
        base_url=base_url or check_address(profile.base_url, key),
        company=company or profile.company,
        profile=profile.name,
        key_source=profile.key_variable or "the keyring",
    )


def _report_ignored(account: Account) -> None:
    """Say so if COGGNO_BASE_URL is not used: whoever set it, and forgot the key, expects another server."""
    ignored = os.environ.get("COGGNO_BASE_URL")
    if ignored and ignored.rstrip("/") != str(account.base_url).rstrip("/"):
        used = f"the key is that of the profile {account.profile}, for {account.base_url}"
        output.write_message(f"Warning: COGGNO_BASE_URL is not used, since COGGNO_API_KEY is not set: {used}")


def _key_of(profile: Profile) -> str:
    if profile.key_variable is not None:
        key = os.environ.get(profile.key_variable)
        if not key:
            message = f"The profile {profile.name} takes its key from {profile.key_variable}, which is not set."
            raise CommandError(f"{message} Set it, or run: coggno login --profile {profile.name}")
        return key
    key = load_key(profile.name)
    if not key:
        message = f"The keyring has no key for the profile {profile.name}."
        raise CommandError(f"{message} Run: coggno login --profile {profile.name}")
    return key
