"""What is to be done for a roster, given what exists. Reads, never writes."""

from __future__ import annotations

from coggno.provisioning.planning.leavers import Leaver, Leavers
from coggno.provisioning.planning.plan import Plan, make_plan
from coggno.provisioning.planning.plan_file import PlanFile
from coggno.provisioning.planning.steps import PlannedRow, conflict, merged_result

__all__ = ["Leaver", "Leavers", "Plan", "PlanFile", "PlannedRow", "conflict", "make_plan", "merged_result"]
