"""A cluster of Dask on loopback, without its web pages, that ends with its context."""

import os
import signal
from contextlib import contextmanager

import pytest


@contextmanager
def dask_cluster(workers=3, **environment):
    """Yield a cluster whose workers are processes with these variables in their environment."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed (extra `dask`)")
    options = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    # Its own log is of no interest: a worker that is killed is reported there in many lines.
    with (
        pytest.MonkeyPatch.context() as patch,
        distributed.LocalCluster(
            n_workers=0, silence_logs=50, scheduler_kwargs={"dashboard": False}, **options
        ) as cluster,
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        cluster.scale(workers)
        with distributed.Client(cluster) as client:
            client.wait_for_workers(workers, timeout=30)
        yield cluster


def kill_worker(client, worker=None):
    """End a worker as the kernel does that has no memory left; Dask starts another one.

    Args:
        client: of Dask.
        worker: its address; any that has a task if not given.
    """
    worker = worker or next((name for name, tasks in client.processing().items() if tasks), None)
    # One that was killed just before may still be on the list, and does not reply.
    processes = client.run(os.getpid, on_error="ignore")
    os.kill(processes.get(worker) or next(iter(processes.values())), signal.SIGKILL)
