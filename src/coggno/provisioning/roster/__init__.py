"""Rosters: read from CSV, JSON Lines or mappings; each row checked, rows of one user compared."""

from __future__ import annotations

from coggno.provisioning.roster.input import Source
from coggno.provisioning.roster.merges import MergedRow
from coggno.provisioning.roster.options import RosterOptions
from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.reader import read_roster
from coggno.provisioning.roster.rows import Roster, RosterRows, Row

__all__ = ["MergedRow", "Person", "Roster", "RosterOptions", "RosterRows", "Row", "Source", "read_roster"]
