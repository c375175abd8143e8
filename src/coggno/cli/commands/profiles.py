"""`coggno whoami` and `coggno profiles`: what commands work with, and what else there is."""

from __future__ import annotations

import asyncio

import typer
from attrs import evolve

from coggno import AsyncCoggno
from coggno._config import check_address, key_mode
from coggno.cli.connection import AccountOptions
from coggno.cli.lists.columns import Column, ListTable
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.show import ListView, iterate, show_one
from coggno.cli.option_groups import expanded
from coggno.cli.options import Json, examples
from coggno.cli.settings.profiles import read_profiles
from coggno.cli.terminal import output
from coggno.errors import APIError

profiles = typer.Typer(no_args_is_help=True, epilog=examples("coggno profiles list"))

_MODES = {"test_": "test", "live_": "live"}
_WHOAMI = ListTable(
    ("profile", "mode", "company", "address", "key"),
    (
        Column("Profile", "profile"),
        Column("Mode", "mode"),
        Column("Company", "company"),
        Column("Address", "address"),
        Column("Key from", "key"),
    ),
    "",
)
_PROFILES = ListTable(
    ("profile", "company", "address", "key"),
    (
        Column("Profile", "profile"),
        Column("Company", "company"),
        Column("Address", "address"),
        Column("Key from", "key"),
    ),
    "There are no profiles. Make one with: coggno login",
)


@expanded
def whoami(*, as_json: Json = False, account: AccountOptions) -> None:
    """Show which account the commands work with, and check that its key is accepted. The key is not shown."""
    settings = account.settings().require_key()
    found = settings.account()
    data = {
        "profile": found.profile,
        "mode": _MODES.get(key_mode(found.key) or "", "unknown"),
        "company": found.company,
        "address": check_address(found.base_url, found.key),
        "key": found.key_source,
    }

    if found.company is not None:
        # The companies are those of the account, not those of the company itself.
        data["company"] = evolve(settings, has_company=False).run(lambda coggno: _company(coggno, found.company))
    # Before the check: if the key is refused, the address is what a person wants to see.
    show_one(data, _WHOAMI, as_json=as_json)
    output.flush()
    settings.run(lambda coggno: coggno.groups.list())


@profiles.callback()
def profile_commands() -> None:
    """List the profiles that coggno login has made."""


@profiles.command("list", epilog=examples("coggno profiles list"))
@expanded
def list_profiles(*, listing: ListOptions) -> None:
    """List the profiles. Nothing is sent, and no key is read."""
    view = ListView.of(_PROFILES, listing)
    found = [
        {
            "profile": each.name,
            "company": each.company,
            "address": each.base_url,
            "key": each.key_variable or "the keyring",
        }
        for each in read_profiles().values()
    ]
    asyncio.run(view.show(iterate(found)))


async def _company(coggno: AsyncCoggno, company: str | None) -> str | None:
    """Return a company's id with its name, if the key may list the companies."""
    try:
        companies = await coggno.companies.list()
    except APIError:
        return company
    name = next((each.name for each in companies if str(each.id) == company), None)
    return f"{company} ({name})" if name else company
