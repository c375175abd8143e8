"""CSV: cells are read one row at a time, and nothing is kept longer."""

import sys

from tests.provisioning.helpers import HEADER, roster


def test_cells_are_not_interned(monkeypatch):
    """Python 3.12 keeps interned strings, passwords among them, until the process ends."""
    interned = []
    monkeypatch.setattr(sys, "intern", interned.append)
    list(roster(HEADER + "Ada,Lovelace,ada@example.com,s3cret-word,Warehouse\n").rows)
    assert interned == []
