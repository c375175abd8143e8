"""Carrying out a plan: groups, then rows, bounded in number and rate, every row reported once."""

from __future__ import annotations

from coggno.provisioning.execution.run import Run

__all__ = ["Run"]
