"""What a worker of `--dask local` does before anything else; Dask imports it by its name."""

from __future__ import annotations

import signal


def dask_setup(_: object) -> None:
    """Leave Ctrl-C to the command: a terminal sends it to all processes, and this one would end in the middle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
