"""Rows that nothing can be wrong with, and that cannot look damaged: found out in a third of the time of a full check.

Nearly every row is one, and a roster may have a million. What is accepted here, the full check accepts without a
warning (`tests/provisioning/roster/test_plain_rows.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coggno._protocol.constraints import is_email
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.validation import LONGEST_PASSWORD, SHORTEST_PASSWORD
from coggno.provisioning.roster.warnings import may_be_damaged

_TEXT: Final = frozenset({str})


def is_plain(person: Person, cells: Sequence[str], *, needs_password: bool) -> bool:
    """Return whether a row is sound beyond doubt; `False` for all that need a full check.

    Args:
        person: the user whom the row asks for.
        cells: of the row, as many as the header has.
        needs_password: whether a missing password is a problem.
    """
    whole, password = "".join(cells), person.password
    return (
        # Neither control characters nor invisible ones, and no spelling that folds to another.
        whole.isascii()
        and whole.isprintable()
        # A cell that may hold another value than text: an object in JSON.
        and "{" not in whole
        and {*map(type, cells)} == _TEXT
        and bool(person.first_name and person.last_name)
        and is_email(person.email)
        # A login that begins with a dot could be that of another path.
        and (person.login is None or person.login[0] != ".")
        and not may_be_damaged(person)
        and (
            not needs_password
            if password is None
            else SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and password == password.strip()
        )
    )
