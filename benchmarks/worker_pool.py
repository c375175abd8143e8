"""Worker processes, one for each thing that is measured, so that none runs in another's heap."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

ROOT = Path(__file__).parents[1]


class MeasurementError(Exception):
    """Something could not be measured; the message says why."""


@define
class WorkerPool:
    """Runs jobs in worker processes. A worker is started when it is first needed, and kept."""

    path: Path
    """Folder of the generated clients, for the workers' import path."""
    timeout: float = 60.0
    """Seconds that one job may take."""
    _workers: dict[str, subprocess.Popen[str]] = field(factory=dict)

    def run(self, worker: str, **job: Any) -> Any:
        """Run a job in the worker of that name and return its result.

        Raises:
            MeasurementError: the job failed, took too long, or ended the process.
        """
        process = self._workers.get(worker) or self._start(worker)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            line = process.stdout.readline() if self._is_ready(process) else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self.stop(worker)
            raise MeasurementError(f"no result within {self.timeout:.0f} s, or the process ended")
        reply = json.loads(line)
        if "error" in reply:
            raise MeasurementError(reply["error"])
        return reply["result"]

    def stop(self, worker: str) -> None:
        """Stop a worker, which frees its memory."""
        process = self._workers.pop(worker, None)
        if process is not None:
            process.kill()
            process.communicate()

    def _start(self, worker: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(ROOT), str(self.path), os.environ.get("PYTHONPATH", "")])
        process = self._workers[worker] = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            cwd=self.path,
            text=True,
        )
        return process

    def _is_ready(self, process: subprocess.Popen[str]) -> bool:
        return bool(select.select([process.stdout], [], [], self.timeout)[0])

    def stop_all(self) -> None:
        """Stop all workers."""
        for worker in list(self._workers):
            self.stop(worker)


@contextmanager
def started(path: Path) -> Iterator[WorkerPool]:
    """Yield a worker pool whose workers are stopped at the end."""
    workers = WorkerPool(path)
    try:
        yield workers
    finally:
        workers.stop_all()
