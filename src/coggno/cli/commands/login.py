"""`coggno login` and `coggno logout`: keep a key, and forget it."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from coggno._config import check_address, check_key, key_mode
from coggno.cli.client_settings import ClientSettings
from coggno.cli.error_messages import keep_secret
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.option_groups import expanded
from coggno.cli.options import KEY_HINT, BaseUrl, CompanyOption, Verbose
from coggno.cli.settings import keys
from coggno.cli.settings.account import Account
from coggno.cli.settings.profiles import DEFAULT, Profile, check_name, read_profiles, remove_profile, write_profile
from coggno.cli.terminal import output
from coggno.cli.terminal.prompts import newline_when_interrupted
from coggno.errors import AuthenticationError

NewProfile: TypeAlias = Annotated[str, typer.Option("--profile", metavar="NAME", help="Name of the profile.")]
KeyVariable: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--key-variable",
        metavar="NAME",
        help="Take the key from this environment variable each time, instead of storing it in the keyring.",
    ),
]
KeyStdin: TypeAlias = Annotated[
    bool, typer.Option("--key-stdin", help="Read the key from the first line of standard input.")
]


@expanded
def login(
    *,
    profile: NewProfile = DEFAULT,
    key_variable: KeyVariable = None,
    key_stdin: KeyStdin = False,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
    verbose: Verbose = False,
) -> None:
    """Check an API key, and keep it in the keyring of this machine for the next commands.

    The command asks for the key. Address and company are kept as well, in a config file that never has a key in it.
    """
    check_name(profile)
    _check_variable(key_variable)
    # What is in the environment today is kept with the key: tomorrow it may be the address of another one.
    base_url = base_url or os.environ.get("COGGNO_BASE_URL") or None
    # Before a person has to type: without a keyring the key could not be kept.
    where = f"the variable {key_variable}" if key_variable is not None else keys.require_keyring()
    key = check_key(_read_key(key_variable, from_stdin=key_stdin))
    keep_secret(key)
    account = Account(
        key=key, base_url=check_address(base_url, key), company=company, profile=profile, key_source=where
    )
    _check_accepted(ClientSettings(found=account, is_verbose=verbose), account)
    path = _keep(Profile(name=profile, base_url=base_url, company=company, key_variable=key_variable), key)
    output.write(output.clean(f"The key works with {account.base_url}. Profile: {profile}; key: {where}."))
    output.write_message(f"Settings: {path}")


@expanded
def logout(*, profile: NewProfile = DEFAULT) -> None:
    """Remove a profile and its key from this machine. The key stays valid: see Settings > API Keys at Coggno."""
    found = read_profiles().get(check_name(profile))
    if found is None:
        raise CommandError(f"There is no profile '{profile}'. See: coggno profiles list", ExitCode.FAILED)
    if keys.has_keyring():
        # Also of a profile that names a variable: an earlier one of that name may have left its key.
        keys.remove_key(profile)
    elif found.key_variable is None:
        output.write_message("This machine has no keyring now. If the key was stored in one, it is still there.")
    remove_profile(profile)
    output.write(f"Removed the profile {profile}.")


def _check_accepted(settings: ClientSettings, account: Account) -> None:
    """Send the key once; raise `CommandError` if the server rejects it."""
    try:
        settings.run(lambda coggno: coggno.groups.list())
    except AuthenticationError as error:
        # The general message says to run this command, and names variables that it does not read.
        message = f"{account.base_url} rejected this API key ({error.message}). Nothing was stored."
        hint = "Copy the key again from Coggno's page Settings > API Keys, or name its address with --base-url."
        raise CommandError(f"{message}\n{hint}", ExitCode.FAILED) from None


def _keep(profile: Profile, key: str) -> Path:
    """Write a profile and store its key, or change nothing; return the path of the config file.

    The old key goes first and the new one comes last: whatever fails in between, no key is ever paired with the address
    of another one.
    """
    previous = keys.load_key(profile.name) if keys.has_keyring() else None
    if previous is not None:
        keys.remove_key(profile.name)
    try:
        path = write_profile(profile)
    except BaseException:
        if previous is not None:
            keys.store_key(profile.name, previous)
        raise
    if profile.key_variable is None:
        keys.store_key(profile.name, key)
    return path


def _check_variable(name: str | None) -> None:
    # Nothing else begins like that: somebody has written the key itself.
    if name is not None and key_mode(name) is not None:
        raise CommandError(KEY_HINT)


def _read_key(variable: str | None, *, from_stdin: bool) -> str:
    if variable is not None:
        key = os.environ.get(variable)
        if not key:
            raise CommandError(f"The environment variable {variable} is not set. Set it to the API key first.")
        return key
    if from_stdin:
        key = sys.stdin.readline().strip()
        if not key:
            raise CommandError("The first line of standard input is empty: pipe the API key into the command.")
        return key
    if not output.is_terminal(sys.stdin):
        message = "Cannot ask for the key: standard input is not a terminal. Use --key-stdin to pipe it in."
        raise CommandError(message)
    with newline_when_interrupted():
        return getpass.getpass("API key (not shown while you type): ", stream=sys.stderr).strip()
