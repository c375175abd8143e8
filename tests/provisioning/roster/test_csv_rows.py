"""CSV: equal cells are one string while a roster is read, and nothing is kept longer."""

import sys

from tests.provisioning.helpers import HEADER, roster


def test_equal_cells_are_one_string():
    found = roster(HEADER + "".join(f"A,B,a{n}@b.example,s3cret-word,Warehouse\n" for n in range(3)))
    assert len({id(row.cells[3]) for row in found.rows}) == 1


def test_cells_are_not_interned(monkeypatch):
    """Python 3.12 keeps interned strings, passwords among them, until the process ends."""
    interned = []
    monkeypatch.setattr(sys, "intern", interned.append)
    roster(HEADER + "Ada,Lovelace,ada@example.com,s3cret-word,Warehouse\n")
    assert interned == []
