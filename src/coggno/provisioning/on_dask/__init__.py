"""Jobs on the workers of a Dask cluster (extra `dask`): Dask starts and replaces them, the database decides."""

from __future__ import annotations

from coggno.provisioning.on_dask.run import DaskRun, run_on_dask
from coggno.provisioning.on_dask.shard_task import Connect, from_environment

__all__ = ["Connect", "DaskRun", "from_environment", "run_on_dask"]
