"""`coggno journal`: what a run has left behind, its results, and damaged journals."""

from __future__ import annotations

from coggno.cli.commands.journal.commands import journal

__all__ = ["journal"]
