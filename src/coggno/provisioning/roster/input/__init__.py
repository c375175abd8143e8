"""From bytes or objects to rows of cells, whatever form they have. What the cells mean is not known here."""

from __future__ import annotations

from coggno.provisioning.roster.input.input_table import InputRow, InputTable
from coggno.provisioning.roster.input.source import Source
from coggno.provisioning.roster.input.tables import TableOptions, open_table

__all__ = ["InputRow", "InputTable", "Source", "TableOptions", "open_table"]
