"""Rows that nothing can be wrong with, and that cannot look damaged: found out in a third of the time of a full check.

Nearly every row is one, and a roster may have a million. What is accepted here, the full check accepts without a
warning (`tests/provisioning/roster/checks/test_plain_rows.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from coggno._protocol.constraints import is_email
from coggno.provisioning.roster.checks.validation import LONGEST_PASSWORD, SHORTEST_PASSWORD
from coggno.provisioning.roster.checks.warnings import may_be_damaged

_TEXT: Final[set[type]] = {str}


class PlainRow(NamedTuple):
    """What the check of a roster has to know of a row that is sound beyond doubt.

    Attributes:
        login: the one that the user will have.
        gives_password: whether the row has a password.
        company: empty where the row gives none.
        groups: names of the user's groups.
    """

    login: str
    gives_password: bool
    company: str
    groups: tuple[str, ...]


def plain_row(
    texts: Sequence[str], groups: tuple[str, ...], cells: Sequence[str], *, needs_password: bool
) -> PlainRow | None:
    """Return a row if it is sound beyond doubt; `None` for all that need a full check.

    Args:
        texts: of the fields that have one column at most, as in `SINGLE`.
        groups: names of the user's groups.
        cells: of the row, as many as the header has.
        needs_password: whether a missing password is a problem.
    """
    whole = "".join(cells)
    # Neither control characters nor invisible ones, no spelling that folds to another, and no cell that may hold an
    # object of JSON or another value than text.
    if not (whole.isascii() and whole.isprintable()) or "{" in whole or {*map(type, cells)} != _TEXT:
        return None
    email, first_name, last_name, login, password, company = texts
    email, first_name, last_name, login, company = (
        email.strip(), first_name.strip(), last_name.strip(), login.strip(), company.strip(),
    )  # fmt: skip
    is_sound = (
        first_name
        and last_name
        and is_email(email)
        # A login that begins with a dot could be that of another path.
        and login[:1] != "."
        and not may_be_damaged((email, first_name, last_name, login, company, *groups))
        and (
            SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and password == password.strip()
            if password
            else not needs_password
        )
    )
    return PlainRow(login or email, password != "", company, groups) if is_sound else None
