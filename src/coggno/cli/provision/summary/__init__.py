"""What became of a run: in words, as data, and as an HTML file."""

from __future__ import annotations

from coggno.cli.provision.summary.run_report import RunReport

__all__ = ["RunReport"]
