"""One row in progress: what is known of it, its requests, and what they come to."""

from __future__ import annotations

from coggno.provisioning.execution.rows.task import RowTask

__all__ = ["RowTask"]
