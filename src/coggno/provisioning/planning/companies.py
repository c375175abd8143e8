"""The companies of a roster: which connected company a name or an id stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coggno._protocol.identity import text_key
from coggno.models import Company
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import RosterError
from coggno.provisioning.requests import Sender


async def find_companies(
    sender: Sender, client: ProvisioningClient, texts: Iterable[str | None]
) -> Mapping[str, int | None]:
    """Return the id of each company that a roster names; `None` for the one that the client acts for.

    Args:
        sender: sends the request; none is sent where no company is named.
        client: acts for the company of the rows without one.
        texts: ids or names, as the roster has them; `None` for the company of the key.

    Raises:
        RosterError: a company is not connected, or several have its name; the message names all of them.
        APIError: the list could not be read.
    """
    wanted = {text for text in texts if text is not None}
    if not wanted:
        return {}
    companies = await sender.read(lambda: _list(client))
    found: dict[str, int | None] = {}
    problems: list[str] = []
    for text in sorted(wanted):
        ids = _matching(companies, text)
        if text == client.lms or [client.lms] == [*map(str, ids)]:
            # One company has one key: under two, its groups would be created twice, and each half of its people would
            # be missing in the other.
            found[text] = None
        elif len(ids) == 1:
            found[text] = ids[0]
        else:
            problems.append(f"{text!r} " + ("is not a connected company" if not ids else "is the name of several"))
    if problems:
        raise RosterError(f"The column company has values that cannot be used: {'; '.join(problems)}. Give the id.")
    return found


def _matching(companies: Iterable[Company], text: str) -> list[int]:
    """Return the ids of the companies that a text stands for: an id, or else a name."""
    by_id = [company.id for company in companies if str(company.id) == text]
    names: list[tuple[int, str | None]] = [(company.id, company.name) for company in companies]
    return by_id or [number for number, name in names if name is not None and text_key(str(name)) == text_key(text)]


async def _list(client: ProvisioningClient) -> list[Company]:
    return [company async for company in client.companies.iter()]
