"""The machine: processor cores, memory, and how busy other processes keep it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
CAN_PIN = len(CORES) >= 2
SERVER_CORE = CORES[0] if CAN_PIN else None
CLIENT_CORE = CORES[1] if CAN_PIN else None


def pin(core: int | None, process: int = 0) -> None:
    """Bind a process to one core; process 0 is this process."""
    if core is not None:
        os.sched_setaffinity(process, {core})


def resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    """Return the peak of the resident memory of this process in MB.

    `getrusage` is not used: it includes the memory of the parent before the fork.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def load() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def describe() -> str:
    """Return a description of the machine in one line."""
    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    pinned = "client and server pinned to a core each" if CAN_PIN else "nothing pinned: fewer than two cores"
    return f"{model}, {len(CORES) or os.cpu_count()} cores, Python {platform.python_version()}, {pinned}"
