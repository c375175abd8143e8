"""Jobs on the workers of a Dask cluster (extra `dask`): Dask starts and replaces them, the database decides."""

from __future__ import annotations

from coggno.provisioning.on_dask.run import DaskRun, run_on_dask

__all__ = ["DaskRun", "run_on_dask"]
