"""`coggno provision`, and `coggno apply` for a plan that it has saved: from a roster to users, groups, memberships."""

from __future__ import annotations

from coggno.cli.commands.provision.apply import apply
from coggno.cli.commands.provision.commands import provision

__all__ = ["apply", "provision"]
