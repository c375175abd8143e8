"""Locks of this machine: one run for each journal, and one process at a time that creates groups."""

from __future__ import annotations

from coggno.provisioning.journal.locks.holder import HolderLock, holder_of
from coggno.provisioning.journal.locks.machine_lock import group_lock

__all__ = ["HolderLock", "group_lock", "holder_of"]
