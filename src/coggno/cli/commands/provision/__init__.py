"""`coggno provision`: from a roster to users, groups and memberships."""

from __future__ import annotations

from coggno.cli.commands.provision.commands import provision

__all__ = ["provision"]
