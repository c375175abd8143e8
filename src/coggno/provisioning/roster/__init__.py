"""Reading a roster: from CSV, JSON Lines or code to rows that are checked. No network."""

from __future__ import annotations

from coggno.provisioning.roster.person import Person
from coggno.provisioning.roster.reader import RosterOptions, read_roster
from coggno.provisioning.roster.rows import Roster, Row
from coggno.provisioning.roster.text import Source

__all__ = ["Person", "Roster", "RosterOptions", "Row", "Source", "read_roster"]
